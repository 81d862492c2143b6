import { randomBytes } from 'node:crypto';

/** A request of another service, as its OpenTelemetry SDK exports it. */
export interface OtlpSpan {
  readonly name: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt?: number;
  readonly durationMs?: number;
  /** 1 for an internal one. Default: 2, for one that serves. */
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly events?: readonly object[];
}

export interface OtlpLog {
  readonly text: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly time?: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export const newTraceId = (): string => randomBytes(16).toString('hex');
const newSpanId = (): string => randomBytes(8).toString('hex');

/** The body of `POST /v1/traces`. */
export function otlpSpans(service: string, spans: readonly OtlpSpan[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ spans: spans.map(spanOf) }],
      },
    ],
  };
}

/** The body of `POST /v1/logs`. */
export function otlpLogs(service: string, logs: readonly OtlpLog[]): object {
  return {
    resourceLogs: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeLogs: [{ logRecords: logs.map(logOf) }],
      },
    ],
  };
}

/** Sends it to the trace viewer of an application. */
export async function sendOtlp(
  { url }: { readonly url: string },
  signal: 'traces' | 'logs',
  body: object,
): Promise<void> {
  const response = await fetch(`${url}/_traces/v1/${signal}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

function spanOf({ startedAt = Date.now(), durationMs = 5, attributes = {}, ...span }: OtlpSpan) {
  return {
    traceId: newTraceId(),
    spanId: newSpanId(),
    kind: 2,
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(startedAt + durationMs),
    ...span,
    attributes: attributesOf(attributes),
  };
}

function logOf({ text, time = Date.now(), attributes = {}, ...log }: OtlpLog) {
  return {
    timeUnixNano: nanos(time),
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: text },
    ...log,
    attributes: attributesOf(attributes),
  };
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

function attributesOf(values: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}
