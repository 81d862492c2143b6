import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import { errorLines, recordedMark, stepLine, timeOf } from '../terminal/log-line.js';
import { sessionColors } from '../terminal/session-colors.js';
import { paint, printable } from '../terminal/terminal.js';

const SESSION_LENGTH = 8;
/** The fields that all lines have, and those whose content the message of its line repeats. */
const OTHERS: ReadonlySet<string> = new Set([
  'timestamp',
  'level',
  'message',
  'trace_id',
  'request_id',
  'session_id',
  'span_id',
  'service',
  'context',
  'recorded',
  'code',
  'step',
  'count',
  'route',
  'user',
]);

/** A block for each request: the result from its access log line, then its lines. */
export function sortedByRequest(log: readonly LogEntry[]): string {
  const colors = sessionColors(log);
  return log
    .filter(isAccessLogLine)
    .toSorted((a, b) => a.request_id.localeCompare(b.request_id))
    .map((finish) => {
      const color = colors.get(finish.session_id) ?? 'white';
      const lines = log.filter((entry) => entry.request_id === finish.request_id);
      return [
        `${paint(color, idsOf(finish))}  ${resultOf(finish)}`,
        ...lines.map(lineOf),
        ...errorLines(finish),
        ...(finish.steps ?? []).map(stepLine),
      ].join('\n');
    })
    .join('\n\n');
}

function idsOf({ request_id, session_id, user }: LogEntry): string {
  const session = `session ${session_id.slice(0, SESSION_LENGTH)}`;
  return `${request_id}  ${session}${user === undefined ? '' : ` of ${printable(user)}`}`;
}

function resultOf(finish: LogEntry): string {
  const { method, path, status_code, outcome, duration_ms = 0 } = finish;
  const result = `${status_code} ${outcome} in ${duration_ms.toFixed(1)} ms`;
  const isGood = outcome === 'completed';
  return `${method} ${printable(String(path))}  ${paint(isGood ? 'green' : 'red', result)}${databaseOf(finish)}`;
}

function databaseOf({ db_count, db_ms = 0 }: LogEntry): string {
  if (db_count === undefined) return '';
  const calls = db_count === 1 ? '1 database call' : `${db_count} database calls`;
  return paint('gray', `, ${calls} in ${db_ms.toFixed(1)} ms`);
}

function lineOf(entry: LogEntry): string {
  const line = `  ${paint('gray', timeOf(entry))} - ${entry.level.toUpperCase()} - ${printable(entry.message)}`;
  return line + paint('gray', printable(fieldsOf(entry))) + recordedMark(entry);
}

/** What the application has logged beside the message. */
function fieldsOf(entry: LogEntry): string {
  if (isAccessLogLine(entry)) return '';
  return Object.entries(entry)
    .filter(([name, value]) => !OTHERS.has(name) && typeof value !== 'object')
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .join('');
}
