import { createRequire } from 'node:module';
import type { ViewLine, ViewRecord } from '../../../src/viewer/view-records.js';
import type { OtlpEncoding } from '../../../src/viewer/receiver/otlp-model.js';
import { readOtlp, type OtlpSignal } from '../../../src/viewer/receiver/read-otlp.js';

interface Codec {
  fromObject(json: object): object;
  encode(message: object): { finish(): Uint8Array };
}

const require = createRequire(import.meta.url);

// OpenTelemetry's own definitions of the protocol, compiled.
const { opentelemetry } = require('otlp-definitions/build/src/generated/root.js') as {
  opentelemetry: { proto: { collector: Record<string, { v1: Record<string, Codec> }> } };
};

const { collector } = opentelemetry.proto;
const CODECS: Readonly<Record<OtlpSignal, Codec>> = {
  traces: collector['trace']!.v1['ExportTraceServiceRequest']!,
  logs: collector['logs']!.v1['ExportLogsServiceRequest']!,
};

export const ENCODINGS: readonly OtlpEncoding[] = ['json', 'protobuf'];
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SPAN_ID = 'b7ad6b7169203331';
export const PARENT_ID = '00f067aa0ba902b7';
/** 2023-11-14T22:13:20.123456789Z */
const START = '1700000000123456789';
export const START_MS = 1_700_000_000_123.457;

/** A request as a collector's JSON has it, in either encoding. */
export function encoded(signal: OtlpSignal, encoding: OtlpEncoding, request: object): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify(request));
  const codec = CODECS[signal];
  return codec.encode(codec.fromObject(withBytes(request) as object)).finish();
}

/** Ids are bytes in protobuf, and hexadecimal in JSON. */
function withBytes(value: unknown, key = ''): unknown {
  if (['traceId', 'spanId', 'parentSpanId'].includes(key)) return Buffer.from(String(value), 'hex');
  if (Array.isArray(value)) return value.map((item) => withBytes(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, withBytes(one, name)]),
  );
}

export interface Sender {
  readonly resource?: object;
  readonly scope?: string;
}

export function tracesOf(spans: readonly object[], { resource, scope = '' }: Sender = {}): object {
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: scope }, spans }] }] };
}

export function logsOf(logRecords: readonly object[], { resource, scope = '' }: Sender = {}) {
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: scope }, logRecords }] }] };
}

export const span = (fields: object = {}): object => ({
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: 'name',
  kind: 1,
  startTimeUnixNano: START,
  endTimeUnixNano: '1700000000135456789',
  ...fields,
});

/** A span inside another. */
export const inner = (fields: object = {}): object => span({ parentSpanId: PARENT_ID, ...fields });

export const log = (fields: object = {}): object => ({ timeUnixNano: START, ...fields });

/** Attributes as the protocol has them. */
export function attributes(values: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  // JSON has no NaN: the protocol spells it.
  if (typeof value === 'number' && !Number.isFinite(value)) return { doubleValue: String(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (value === null) return {};
  return { kvlistValue: { values: attributes(value as Record<string, unknown>) } };
}

export async function readSpans(
  encoding: OtlpEncoding,
  spans: readonly object[],
  sender?: Sender,
): Promise<ViewRecord[]> {
  return (await readOtlp(
    'traces',
    encoding,
    encoded('traces', encoding, tracesOf(spans, sender)),
  ))!;
}

/** The record of one span. */
export async function readSpan(
  encoding: OtlpEncoding,
  one: object,
  sender?: Sender,
): Promise<ViewRecord | undefined> {
  const records = await readSpans(encoding, [one], sender);
  return records[0];
}

async function readLines(
  encoding: OtlpEncoding,
  logs: readonly object[],
  sender?: Sender,
): Promise<ViewLine[]> {
  const body = encoded('logs', encoding, logsOf(logs, sender));
  return (await readOtlp('logs', encoding, body)) as ViewLine[];
}

/** The line of one log record. */
export async function readLine(
  encoding: OtlpEncoding,
  one: object,
  sender?: Sender,
): Promise<ViewLine> {
  const lines = await readLines(encoding, [one], sender);
  return lines[0]!;
}
