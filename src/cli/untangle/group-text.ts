import { escapeText } from '../../records/control-characters.js';
import { accessLogText } from '../../records/access-log-text.js';
import {
  accessLogField,
  ACCESS_LOG_FIELD_NAMES,
  type AccessLogField,
} from '../../records/fields.js';
import { queryText } from '../../records/query-text.js';
import { localTimestamp } from '../../records/timestamp.js';
import { BOLD, DIM, RED, sessionColor, YELLOW, type Paint } from './colors.js';
import { requestFieldsOf, idOf, startOf } from './group-summary.js';
import { errorLines, lineText, shortPair } from './line-text.js';
import type { LogLine } from './log-line.js';
import type { RequestFields } from './request-fields.js';
import type { RequestGroup } from './request-groups.js';
import { waterfallText } from './waterfall-text.js';

const FIRST_ERROR_STATUS = 400;
const TIME_WIDTH = 8;
const MS_PER_SECOND = 1000;
const LONG_MS = 10 * MS_PER_SECOND;
/** Messages that loggers write when a request ends: the header shows the same. */
const USUAL_END =
  /^(?:(?:Request|Message|Job|Run) finished|request (?:completed|errored|aborted))$/;

/** One request as text: a header, its lines, and its steps where they are known. */
export function groupText(
  group: RequestGroup,
  isShown: (line: LogLine) => boolean,
  paint: Paint,
): string {
  const { lines, accessLogLine } = group;
  const requestFields = requestFieldsOf(group);
  const session = idOf(group, 'session');
  const gutter = paint(sessionColor(session), '│');
  const startedAt = startOf(group);
  let text = `${paint(sessionColor(session), '●')}${headline(group, requestFields, startedAt, paint)}\n`;
  text += `${gutter} ${paint(DIM, idsText(group, requestFields))}\n`;
  const detail = detailText(requestFields);
  if (detail !== '') text += `${gutter} ${paint(DIM, detail)}\n`;
  for (const line of lines) {
    if (isShown(line)) text += block(line, startedAt, gutter, paint);
  }
  if (accessLogLine !== undefined && isShown(accessLogLine) && hasMore(accessLogLine)) {
    text += block(accessLogLine, startedAt, gutter, paint);
  }
  if (requestFields.steps !== undefined && requestFields.steps.length > 0) {
    for (const row of waterfallText(requestFields.steps, requestFields.duration_ms, paint)) {
      text += `${gutter} ${' '.repeat(TIME_WIDTH)} ${row}\n`;
    }
  }
  return `${text}\n`;
}

function headline(
  group: RequestGroup,
  requestFields: RequestFields,
  startedAt: number | undefined,
  paint: Paint,
): string {
  const { accessLogLine, lines, isContinued } = group;
  const what =
    escapeText(accessLogText(requestFields)) || (idOf(group, 'request') ? ' request' : ' trace');
  const isOver = accessLogLine !== undefined;
  const state = isContinued ? ' (continued)' : isOver ? '' : ' (no end yet)';
  const since = isContinued && !isOver ? lines[0]?.time : startedAt;
  const time = since === undefined ? '' : `  ${paint(DIM, timeText(since))}`;
  return paint(outcomeColor(requestFields), what) + paint(YELLOW, state) + time;
}

function outcomeColor({ outcome, status_code: status = 0 }: RequestFields): string {
  if (outcome === 'errored') return RED;
  return outcome === 'aborted' || status >= FIRST_ERROR_STATUS ? YELLOW : BOLD;
}

function idsText(group: RequestGroup, { handler, attempt }: RequestFields): string {
  const pairs: string[] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) pairs.push(`${name}=${escapeText(String(value))}`);
  };
  add('request', idOf(group, 'request'));
  add('session', idOf(group, 'session'));
  add('trace', idOf(group, 'trace'));
  add('service', idOf(group, 'service'));
  add('handler', handler);
  add('attempt', attempt);
  return pairs.join(' ');
}

/** What its line counts, and what it says of the request itself. */
const DETAILS: readonly AccessLogField[] = ACCESS_LOG_FIELD_NAMES.filter((name) => {
  const { label, inTitle, text } = accessLogField(name);
  const isInIds = name === 'handler' || name === 'attempt';
  return label !== undefined && !isInIds && inTitle === undefined && text === undefined;
});

function detailText(requestFields: RequestFields): string {
  let text = '';
  for (const name of DETAILS) {
    const value = requestFields[name];
    if (value === undefined) continue;
    const { type } = accessLogField(name);
    const shown = type === 'record' ? queryText(value) : value;
    text += shortPair(name, Array.isArray(shown) ? shown.join(', ') : shown);
  }
  return text.trimStart();
}

function block(line: LogLine, startedAt: number | undefined, gutter: string, paint: Paint): string {
  const time = paint(DIM, relativeTime(line.time, startedAt).padStart(TIME_WIDTH));
  let text = `${gutter} ${time} ${lineText(line, paint)}\n`;
  for (const row of errorLines(line)) text += `${gutter} ${' '.repeat(TIME_WIDTH)} ${row}\n`;
  return text;
}

function relativeTime(time: number | undefined, startedAt: number | undefined): string {
  if (time === undefined || startedAt === undefined) return '';
  const ms = Math.max(time - startedAt, 0);
  return ms < LONG_MS ? `+${Math.round(ms)}ms` : `+${(ms / MS_PER_SECOND).toFixed(1)}s`;
}

/** Local time with milliseconds, as in `2024-01-15 10:30:15.042`. */
export function timeText(ms: number): string {
  const whole = Math.floor(ms);
  return `${localTimestamp(whole)}.${String(whole % MS_PER_SECOND).padStart(3, '0')}`;
}

function hasMore({ message, fields, error }: LogLine): boolean {
  return !USUAL_END.test(message) || fields !== undefined || error !== undefined;
}
