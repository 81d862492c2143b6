import { SeverityNumber, type LogAttributes } from '@opentelemetry/api-logs';
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { LogEvent } from '../events/channels.js';
import { entryError, entryMessage, repeatsError } from '../logs/entry-error.js';
import { jsonValue, readProperty } from '../logs/json-value.js';
import type { CapturedEntry } from '../logs/captured-entry.js';
import { hrDuration } from './hr-time.js';
import { exceptionAttributes } from './exception-attributes.js';
import { idAttributes } from './trace-attributes.js';

const SCOPE = { name: 'nestjs-tracing' };
/** Said elsewhere in the record. */
const NOT_ATTRIBUTES = new Set(['level', 'message', 'timestamp', 'trace_id', 'span_id']);

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITIES: Readonly<Record<string, SeverityNumber>> = {
  fatal: SeverityNumber.FATAL,
  emerg: SeverityNumber.FATAL,
  alert: SeverityNumber.FATAL,
  crit: SeverityNumber.FATAL,
  error: SeverityNumber.ERROR,
  warn: SeverityNumber.WARN,
  warning: SeverityNumber.WARN,
  notice: SeverityNumber.INFO2,
  info: SeverityNumber.INFO,
  http: SeverityNumber.DEBUG4,
  verbose: SeverityNumber.DEBUG2,
  debug: SeverityNumber.DEBUG,
  silly: SeverityNumber.TRACE,
};

/** A log entry as OpenTelemetry's processors and exporters read it. */
export class ExportedLog implements ReadableLogRecord {
  readonly hrTime: HrTime;
  readonly hrTimeObserved: HrTime;
  readonly severityText: string;
  readonly severityNumber: SeverityNumber;
  readonly body: string;
  readonly spanContext?: SpanContext;
  readonly attributes: LogAttributes;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;

  constructor(
    { time, level, trace, spanId, fields, entry }: LogEvent,
    readonly resource: Resource,
  ) {
    this.hrTime = hrDuration(time);
    this.hrTimeObserved = this.hrTime;
    this.severityText = level.toUpperCase();
    this.severityNumber = SEVERITIES[level] ?? SeverityNumber.UNSPECIFIED;
    this.body = entryMessage(entry as CapturedEntry);
    if (trace !== undefined) {
      const { w3cTraceId: traceId, origin } = trace;
      this.spanContext = { traceId, spanId: spanId ?? trace.spanId, traceFlags: origin.flags };
    }
    this.attributes = {
      ...(trace !== undefined && idAttributes(trace)),
      ...attributesOf(fields ?? {}),
      ...entryAttributes(entry as CapturedEntry),
    };
  }
}

function entryAttributes(entry: CapturedEntry): LogAttributes {
  const error = entryError(entry);
  const attributes = attributesOf(entry, (key, value) =>
    error === undefined ? true : !repeatsError(error, key, value),
  );
  return error === undefined ? attributes : { ...attributes, ...exceptionAttributes(error) };
}

/** Simple values as they are, all others as JSON. */
function attributesOf(
  record: object,
  isKept: (key: string, value: unknown) => boolean = () => true,
): LogAttributes {
  const attributes: LogAttributes = {};
  for (const key of Object.keys(record)) {
    const value = readProperty(record, key);
    if (NOT_ATTRIBUTES.has(key) || !isKept(key, value)) continue;
    const isSimple = ['string', 'boolean', 'number'].includes(typeof value);
    const attribute = isSimple ? (value as string | number | boolean) : jsonValue(value);
    if (attribute !== undefined) attributes[key] = attribute;
  }
  return attributes;
}
