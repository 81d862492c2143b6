import { SeverityNumber, type LogAttributes } from '@opentelemetry/api-logs';
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { LogRecord } from '../records/channels.js';
import { entryError, entryMessage, repeatsError } from '../logging/winston/entry-error.js';
import type { CapturedEntry } from '../logging/winston/captured-entry.js';
import { hrTime } from './hr-time.js';
import { exceptionAttributes } from './exception-attributes.js';
import { exportedAttributes } from './exported-attributes.js';
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
    { time, level, trace, spanId, fields, entry }: LogRecord,
    readonly resource: Resource,
  ) {
    this.hrTime = hrTime(time);
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
      ...exportedAttributes(fields ?? {}, (key) => !NOT_ATTRIBUTES.has(key)),
      ...entryAttributes(entry as CapturedEntry),
    };
  }
}

function entryAttributes(entry: CapturedEntry): LogAttributes {
  const error = entryError(entry);
  const attributes = exportedAttributes(
    entry,
    (key, value) =>
      !NOT_ATTRIBUTES.has(key) && (error === undefined || !repeatsError(error, key, value)),
  );
  return error === undefined ? attributes : { ...attributes, ...exceptionAttributes(error) };
}
