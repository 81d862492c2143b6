import type { Attributes, HrTime, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { AccessLogRecord } from '../records/access-log-record.js';
import type { Redaction } from '../records/redaction.js';
import { SPAN_KIND_NUMBERS } from '../records/span-kinds.js';
import {
  conventionalErrorType,
  conventionalKind,
  conventionalName,
} from '../records/span-conventions.js';
import type { SingleSpanRecord } from '../records/span-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { hrTime } from './hr-time.js';
import { api } from './open-telemetry.js';
import { exceptionAttributes } from './exception-attributes.js';
import { exportedAttributes } from './exported-attributes.js';
import { ownText } from './own-text.js';
import { requestAttributes } from './trace-attributes.js';

const SCOPE = { name: 'nestjs-tracing' };
const NOTHING: never[] = [];
const GRPC_OK = 0;

interface SpanData {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly isParentRemote: boolean;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly error?: unknown;
}

/** A span in the form that OpenTelemetry's processors and exporters read. */
export class ExportedSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly events: ReadableSpan['events'];
  readonly parentSpanContext?: SpanContext;
  readonly links = NOTHING;
  readonly ended = true;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  readonly #context: SpanContext;

  constructor(
    { w3cTraceId, origin, metadata, startedMs: traceStartedMs }: RequestRecord,
    data: SpanData,
    readonly resource: Resource,
    redaction: Redaction,
  ) {
    const { spanId, parentSpanId, startedMs, durationMs, error } = data;
    const { flags: traceFlags } = origin;
    this.name = ownText(data.name);
    this.kind = data.kind;
    // The monotonic clock drifts from the system clock, so each trace has its own start time.
    const startedAt = metadata.startedAt + startedMs - traceStartedMs;
    this.startTime = hrTime(startedAt);
    this.endTime = hrTime(startedAt + durationMs);
    this.duration = hrTime(durationMs);
    this.status = data.status;
    this.attributes = data.attributes;
    this.events =
      error === undefined
        ? NOTHING
        : [
            {
              name: 'exception',
              time: this.endTime,
              attributes: exceptionAttributes(error, redaction),
            },
          ];
    this.#context = { traceId: w3cTraceId, spanId, traceFlags };
    if (parentSpanId !== undefined) {
      this.parentSpanContext = {
        traceId: w3cTraceId,
        spanId: parentSpanId,
        traceFlags,
        isRemote: data.isParentRemote,
      };
    }
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}

/** The exported span of a whole request, message, job or run. */
export function spanOfTrace(
  trace: RequestRecord,
  record: AccessLogRecord,
  resource: Resource,
  redaction: Redaction,
): ExportedSpan {
  const { spanId, origin, startedMs, kind } = trace;
  return new ExportedSpan(
    trace,
    {
      name: nameOf(trace, record),
      kind: SPAN_KIND_NUMBERS[conventionalKind({ ...trace.metadata, kind })],
      spanId,
      parentSpanId: origin.parentSpanId,
      isParentRemote: true,
      startedMs,
      durationMs: record.duration_ms,
      status: statusOf(record.outcome === 'errored'),
      attributes: requestAttributes(trace, record, redaction),
      error: record.error,
    },
    resource,
    redaction,
  );
}

/** The exported form of a span inside a request, message, job or run. */
export function spanOfRecord(
  trace: RequestRecord,
  span: SingleSpanRecord,
  resource: Resource,
  redaction: Redaction,
): ExportedSpan {
  const { name, kind, spanId, parentSpanId, startedMs, durationMs = 0, failed, error } = span;
  const attributes = exportedAttributes(span.attributes ?? {}, redaction);
  const url = kind === 'client' ? urlOf(attributes) : undefined;
  if (url !== undefined) attributes['url.full'] = url;
  if (!failed && kind === 'client' && attributes['rpc.system'] === 'grpc') {
    attributes['rpc.grpc.status_code'] ??= GRPC_OK;
  }
  if (failed && kind === 'client') {
    attributes['error.type'] = conventionalErrorType(error, span.attributes ?? {});
  }
  return new ExportedSpan(
    trace,
    {
      // Only the method: span names should have few values; the attributes have the rest.
      name: String(attributes['http.request.method'] ?? name),
      kind: SPAN_KIND_NUMBERS[kind],
      spanId,
      parentSpanId,
      isParentRemote: kind === 'server',
      startedMs,
      durationMs,
      status: statusOf(failed),
      attributes,
      error,
    },
    resource,
    redaction,
  );
}

/**
 * The URL of a call, which the conventions ask for. Without its query, which may hold secrets.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
function urlOf(attributes: Attributes): string | undefined {
  const { 'url.scheme': scheme, 'server.address': address, 'url.path': path } = attributes;
  const { 'url.full': given, 'server.port': port } = attributes;
  if (given !== undefined || typeof scheme !== 'string' || typeof address !== 'string') {
    return undefined;
  }
  const host = address.includes(':') ? `[${address}]` : address;
  const isUsual = port === undefined || port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host}${isUsual ? '' : `:${String(port)}`}${String(path ?? '')}`;
}

/**
 * The name of the span of a request, message, job or run.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name
 */
function nameOf({ metadata }: RequestRecord, record: AccessLogRecord): string {
  const { method, route } = record;
  if (method !== undefined) return route === undefined ? method : `${method} ${route}`;
  return conventionalName(metadata.transport, record);
}

function statusOf(failed: boolean): SpanStatus {
  return { code: failed ? api.SpanStatusCode.ERROR : api.SpanStatusCode.UNSET };
}
