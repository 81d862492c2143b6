import type { ViewLine } from '../view-records.js';
import { levelOfSeverityNumber } from '../../records/severity.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from '../server/text-limits.js';
import { shownText } from '../shown-text.js';
import { shownContent } from '../shown-values.js';
import { filterAttributes } from './attribute-filter.js';
import { idsOf, simpleValue, textOf } from './attribute-values.js';
import { exceptionText } from './exception-text.js';
import type { AnyValue, OtlpLog } from './otlp-model.js';
import { millisecondsOf } from './span-time.js';

/** Attributes that the record has in other places. */
const NOT_FIELDS = new Set([
  'request.id',
  'request_id',
  'session.id',
  'session_id',
  'trace_id',
  'span_id',
  'context',
]);

/** What wrote a log record, and when it was received: its time if it has none of its own. */
export interface OtlpLogOrigin {
  readonly service: string;
  readonly scope: string;
  readonly receivedAt: number;
}

/** A log record, as the trace viewer shows it. */
export function lineFromOtlp(
  log: OtlpLog,
  { service, scope, receivedAt }: OtlpLogOrigin,
): ViewLine {
  const { attributes, traceId, spanId } = log;
  const time = log.time ?? log.observedTime;
  return {
    type: 'line',
    service,
    time: time === undefined ? receivedAt : millisecondsOf(time),
    level: levelOf(log),
    message: messageOf(log),
    traceId,
    w3cTraceId: traceId,
    spanId,
    ...idsOf(attributes),
    context: textOf(attributes, 'context') ?? loggerOf(scope),
    fields: filterAttributes(attributes, (key) => !NOT_FIELDS.has(key)),
    error: exceptionText(attributes),
  };
}

function messageOf({ body, eventName }: OtlpLog): string {
  if (body === null) return cut(shownText(eventName), MAX_MESSAGE);
  return String(simpleValue(shownContent(body) as AnyValue, MAX_MESSAGE));
}

function levelOf({ severityText, severityNumber }: OtlpLog): string {
  if (severityText !== '') return cut(shownText(severityText).toLowerCase(), MAX_TEXT);
  return levelOfSeverityNumber(severityNumber) ?? 'info';
}

/** The name of the logger: the scope of its records, unless that names the library that sends them. */
function loggerOf(scope: string): string | undefined {
  const isSender = scope === '' || scope === 'nestjs-tracing' || scope.includes('opentelemetry');
  return isSender ? undefined : cut(shownText(scope), MAX_TEXT);
}
