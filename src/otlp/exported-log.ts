import type { AnyValue, LogAttributes, LogBody, SeverityNumber } from '@opentelemetry/api-logs';
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadWriteLogRecord } from '@opentelemetry/sdk-logs';
import type { LogRecord } from '../records/log-record.js';
import type { Redaction } from '../records/redaction.js';
import { severityNumberOf } from '../records/severity.js';
import { hrTime } from './hr-time.js';
import { exceptionAttributes } from './exception-attributes.js';
import { exportedValue } from './exported-attributes.js';
import { ownText } from './own-text.js';
import { idAttributes } from './trace-attributes.js';

const SCOPE = { name: 'nestjs-tracing' };
/** Fields that the span context of the record contains already. */
const IN_SPAN_CONTEXT = new Set(['trace_id', 'span_id']);

/**
 * A log entry in the form that OpenTelemetry's processors and exporters read. A processor may also
 * change it, before it is queued.
 */
export class ExportedLog implements ReadWriteLogRecord {
  hrTime: HrTime;
  hrTimeObserved: HrTime;
  severityText: string;
  severityNumber: SeverityNumber;
  body: LogBody;
  spanContext?: SpanContext;
  eventName?: string;
  droppedAttributesCount = 0;
  readonly attributes: LogAttributes;
  readonly instrumentationScope = SCOPE;

  constructor(
    record: LogRecord,
    readonly resource: Resource,
    redaction: Redaction,
  ) {
    const { time, level, trace, spanId, text } = record;
    this.hrTime = hrTime(time);
    this.hrTimeObserved = this.hrTime;
    this.severityText = level.toUpperCase();
    this.severityNumber = severityNumberOf(level);
    this.body = ownText(text);
    if (trace !== undefined) {
      const { w3cTraceId: traceId, origin } = trace;
      this.spanContext = { traceId, spanId: spanId ?? trace.spanId, traceFlags: origin.flags };
    }
    this.attributes = attributesOf(record, redaction);
  }

  setAttribute(key: string, value?: AnyValue): this {
    this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: LogAttributes): this {
    Object.assign(this.attributes, attributes);
    return this;
  }

  setBody(body: LogBody): this {
    this.body = body;
    return this;
  }

  setEventName(eventName: string): this {
    this.eventName = eventName;
    return this;
  }

  setSeverityNumber(severityNumber: SeverityNumber): this {
    this.severityNumber = severityNumber;
    return this;
  }

  setSeverityText(severityText: string): this {
    this.severityText = severityText;
    return this;
  }
}

function attributesOf(record: LogRecord, redaction: Redaction): LogAttributes {
  const { trace, context, error } = record;
  const attributes: LogAttributes = trace === undefined ? {} : idAttributes(trace);
  if (context !== undefined) attributes['context'] = context;
  record.forEachField((name, value) => {
    if (IN_SPAN_CONTEXT.has(name)) return;
    const attribute = exportedValue(value);
    if (attribute !== undefined) attributes[ownText(name)] = attribute;
  });
  if (error === undefined) return attributes;
  return Object.assign(attributes, exceptionAttributes(error, redaction));
}
