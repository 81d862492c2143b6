import { accessLogField, ACCESS_LOG_FIELD_NAMES, isOutcome } from '../../records/fields.js';
import type { Step } from '../../records/step.js';
import { levelOf } from './entry-level.js';
import type { OtherField } from './entry-fields.js';
import type { LineError } from './line-error.js';
import type { LineOrigin } from './line-origin.js';
import type { LogLine } from './log-line.js';
import { LOG_FIELD_NAMES } from './log-field-names.js';
import { readPairs } from './read-pairs.js';
import { isOfType, type RequestFields } from './request-fields.js';
import { keyOf, knownId } from './read-line.js';

// `2024-01-15 10:30:15 - INFO - [req=a1b2c3d4|session=12345678] - `
const HEAD =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) - (\S{1,100}) - \[req=([^\n|]{0,300})\|session=([^\n\]]{0,300})\] - /;
const CONTEXT = /^\[([\w$.:<>/-]{1,100})\] /;
const END = /^(Request|Message|Job|Run) finished /;
const PHRASE_END = / (\w{1,20}) (\d{1,15}(?:\.\d{1,6})?)ms$/;
const PHRASE_END_LENGTH = 40;
const STATUS = / ([1-5]\d\d)$/;
const STEP = /^ {0,40}\+(\d{1,12}(?:\.\d{1,6})?)ms /;
const STEP_TOOK = / (?:did not end|(\d{1,15}(?:\.\d{1,6})?)ms)(?: in (\d{1,9}) calls)?$/;
const FAILED = ' failed';
const INDENT = '    ';
/** What the text format writes in front of the message, or not at all: in fields it is forged. */
const NEVER_FIELDS: ReadonlySet<string> = new Set([
  ...['level', 'message', 'context', 'timestamp'],
  ...(['trace', 'request', 'correlation', 'session', 'span', 'transaction'] as const).flatMap(
    (meaning) => LOG_FIELD_NAMES[meaning] ?? [],
  ),
]);
const isFieldName = (name: string): boolean => !NEVER_FIELDS.has(name);

/** Whether a line without colours begins an entry of this package's text format. */
export function isTextEntry(text: string): boolean {
  // Much cheaper than the pattern, for text of others.
  return text.startsWith(' - ', 19) && HEAD.test(text);
}

/** Whether a line belongs to the entry above it. */
export function isBelowEntry(text: string): boolean {
  return text.startsWith(INDENT);
}

/** An entry of this package's text format: its line, and the lines below it. */
export function readTextEntry(
  [first, ...below]: readonly string[],
  origin: LineOrigin | undefined,
): LogLine {
  const line = first!.trimEnd();
  const [head, year, month, day, hour, minute, second, levelName, request, session] =
    HEAD.exec(line)!;
  const body = line.slice(head.length);
  const context = CONTEXT.exec(body);
  // It must not be trimmed: a message may be empty, and its fields begin with a space.
  const { text, pairs } = readPairs(
    context === null ? body : body.slice(context[0].length),
    isFieldName,
  );
  const ended = endOf(text, pairs);
  const steps: Step[] = [];
  const error = errorOf(below, steps);
  if (ended !== undefined && steps.length > 0) ended.requestFields.steps = steps;
  const { name: level, severity } = levelOf(levelName!);
  const requestId = knownId(request!);
  return {
    time: localTime([year!, month!, day!, hour!, minute!, second!]),
    ...{ level, severity, message: ended?.message ?? text, context: context?.[1] },
    service: origin?.service,
    ...{ trace: undefined, request: requestId, session: knownId(session!), span: undefined },
    key: requestId === undefined ? undefined : keyOf([origin?.source, origin?.service, requestId]),
    requestFields: ended?.requestFields,
    isAccessLogEntry: ended !== undefined,
    fields: ended === undefined ? orNone(pairs) : orNone(ended.others),
    error,
  };
}

interface Ended {
  readonly message: string;
  readonly requestFields: RequestFields;
  readonly others: OtherField[];
}

/** What an access log line says in its phrase and fields; `undefined` for any other line. */
function endOf(text: string, pairs: readonly OtherField[]): Ended | undefined {
  const start = END.exec(text);
  const tail = PHRASE_END.exec(text.slice(-PHRASE_END_LENGTH));
  if (start === null || tail === null || !isOutcome(tail[1])) return undefined;
  const message = start[0].trimEnd();
  let words = text.slice(start[0].length, text.length - tail[0].length);
  const requestFields: RequestFields = { duration_ms: Number(tail[2]), outcome: tail[1] };
  const status = STATUS.exec(words.slice(-4));
  if (status !== null) {
    requestFields.status_code = Number(status[1]);
    words = words.slice(0, -status[0].length);
  }
  const [one, rest] = firstWord(words);
  if (start[1] === 'Request') Object.assign(requestFields, { method: one, path: rest });
  else {
    const [second, third] = firstWord(rest);
    const isJob = start[1] === 'Job' && third !== '';
    Object.assign(requestFields, { transport: one });
    if (isJob) Object.assign(requestFields, { queue: second, job: third });
    else Object.assign(requestFields, { [start[1] === 'Message' ? 'pattern' : 'job']: rest });
  }
  const others: OtherField[] = [];
  for (const [name, value] of pairs) {
    const field = ACCESS_LOG_FIELD_NAMES.find((known) => known === name);
    const isOwn = field !== undefined && accessLogField(field).text === undefined;
    if (isOwn && isOfType(value, accessLogField(field).type)) {
      Object.assign(requestFields, { [field]: value });
    } else others.push([name, value]);
  }
  return { message, requestFields, others };
}

function firstWord(text: string): [word: string, rest: string] {
  const space = text.indexOf(' ');
  return space === -1 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
}

/** The error of the lines below an entry. The steps among them are added to `steps`. */
function errorOf(below: readonly string[], steps: Step[]): LineError | undefined {
  const rows: string[] = [];
  for (const one of below) {
    const row = one.slice(INDENT.length).trimEnd();
    const step = stepOf(row);
    if (step === undefined) rows.push(row);
    else steps.push(step);
  }
  if (rows.length === 0) return undefined;
  return { title: rows[0]!, stack: rows.join('\n'), cause: undefined };
}

/** `  +12.5ms PaymentService.pay 3ms failed: Error: too many` */
function stepOf(row: string): Step | undefined {
  const start = STEP.exec(row);
  if (start === null) return undefined;
  const depth = row.indexOf('+') / 2;
  const failedAt = row.indexOf(FAILED, start[0].length);
  const end = failedAt === -1 ? row.length : failedAt;
  const took = STEP_TOOK.exec(row.slice(start[0].length - 1, end).slice(-PHRASE_END_LENGTH));
  if (took === null) return undefined;
  return {
    name: row.slice(start[0].length, end - took[0].length),
    start_ms: Number(start[1]),
    ...(took[1] !== undefined && { duration_ms: Number(took[1]) }),
    ...(took[2] !== undefined && { count: Number(took[2]) }),
    ...(depth > 0 && { depth }),
    ...(failedAt !== -1 && failure(row.slice(failedAt + FAILED.length))),
  };
}

/** ` with 429: Error: too many`, or less. */
function failure(text: string): Pick<Step, 'failed' | 'status' | 'error'> {
  const status = /^ with (\d{1,3})/.exec(text);
  const rest = text.slice(status?.[0].length ?? 0);
  return {
    failed: true,
    ...(status !== null && { status: Number(status[1]) }),
    ...(rest.startsWith(': ') && { error: rest.slice(2) }),
  };
}

let cachedText = '';
let cachedMs = Number.NaN;

/** A log has many lines in each second. */
function localTime(parts: readonly string[]): number | undefined {
  const text = parts.join();
  if (text !== cachedText) {
    const [year, month, day, hour, minute, second] = parts.map(Number);
    cachedMs = new Date(year!, month! - 1, day, hour, minute, second).getTime();
    cachedText = text;
  }
  return Number.isNaN(cachedMs) ? undefined : cachedMs;
}

function orNone(pairs: readonly OtherField[]): readonly OtherField[] | undefined {
  return pairs.length === 0 ? undefined : pairs;
}
