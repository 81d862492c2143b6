import type { ViewLine } from '../view-records.js';
import { errorOf, idsOf, simpleValue, textOf } from './attribute-values.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from '../server/text-limits.js';
import type { OtlpLog } from './otlp-data.js';
import { millisecondsOf } from './placed-span.js';
import { shownAttributes } from './shown-attributes.js';

/** Said elsewhere in the record. */
const NOT_FIELDS = new Set([
  'request.id',
  'request_id',
  'session.id',
  'session_id',
  'trace_id',
  'span_id',
  'context',
]);

/**
 * The first of the four numbers that each level has.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const NUMBERS_PER_LEVEL = 4;
const UNKNOWN_LEVEL = 'info';

/** Who wrote a log record, and when it came in: its time where nobody says. */
export interface LineOrigin {
  readonly service: string;
  readonly scope: string;
  readonly receivedAt: number;
}

/** A log record as a line. */
export function viewLine(log: OtlpLog, { service, scope, receivedAt }: LineOrigin): ViewLine {
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
    fields: shownAttributes(attributes, (key) => !NOT_FIELDS.has(key)),
    error: errorOf(attributes),
  };
}

function messageOf({ body, eventName }: OtlpLog): string {
  return body === null ? cut(eventName, MAX_MESSAGE) : String(simpleValue(body, MAX_MESSAGE));
}

function levelOf({ severityText, severityNumber }: OtlpLog): string {
  if (severityText !== '') return cut(severityText.toLowerCase(), MAX_TEXT);
  return LEVELS[Math.ceil(severityNumber / NUMBERS_PER_LEVEL) - 1] ?? UNKNOWN_LEVEL;
}

/** A logger's name is the scope of its records, unless that is what sends them. */
function loggerOf(scope: string): string | undefined {
  const isSender = scope === '' || scope === 'nestjs-tracing' || scope.includes('opentelemetry');
  return isSender ? undefined : cut(scope, MAX_TEXT);
}
