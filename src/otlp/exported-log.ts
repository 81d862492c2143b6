import type { LogAttributes, SeverityNumber } from '@opentelemetry/api-logs';
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { LogRecord } from '../records/log-record.js';
import { severityNumberOf } from '../records/severity.js';
import { hrTime } from './hr-time.js';
import { exceptionAttributes } from './exception-attributes.js';
import { exportedValue } from './exported-attributes.js';
import { idAttributes } from './trace-attributes.js';

const SCOPE = { name: 'nestjs-tracing' };
/** Fields that the span context of the record contains already. */
const IN_SPAN_CONTEXT = new Set(['trace_id', 'span_id']);

/** A log entry in the form that OpenTelemetry's processors and exporters read. */
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
    record: LogRecord,
    readonly resource: Resource,
  ) {
    const { time, level, trace, spanId, text } = record;
    this.hrTime = hrTime(time);
    this.hrTimeObserved = this.hrTime;
    this.severityText = level.toUpperCase();
    this.severityNumber = severityNumberOf(level);
    this.body = text;
    if (trace !== undefined) {
      const { w3cTraceId: traceId, origin } = trace;
      this.spanContext = { traceId, spanId: spanId ?? trace.spanId, traceFlags: origin.flags };
    }
    this.attributes = attributesOf(record);
  }
}

function attributesOf(record: LogRecord): LogAttributes {
  const { trace, context, error } = record;
  const attributes: LogAttributes = trace === undefined ? {} : idAttributes(trace);
  if (context !== undefined) attributes['context'] = context;
  record.forEachField((name, value) => {
    if (IN_SPAN_CONTEXT.has(name)) return;
    const attribute = exportedValue(value);
    if (attribute !== undefined) attributes[name] = attribute;
  });
  return error === undefined ? attributes : Object.assign(attributes, exceptionAttributes(error));
}
