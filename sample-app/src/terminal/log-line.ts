import type { Step } from 'nestjs-tracing';
import {
  isAccessLogLine,
  processOf,
  type LogEntry,
  type LoggedError,
} from '../system/log-entry.js';
import { paint, printable } from './terminal.js';

const ID_LENGTH = 8;
const NAME_LENGTH = 8;
const LEVEL_LENGTH = 5;
const COLORS: Readonly<Record<string, Parameters<typeof paint>[0]>> = {
  mcp: 'magentaBright',
  gateway: 'blueBright',
  worker: 'cyanBright',
  ledger: 'yellowBright',
  feed: 'greenBright',
};

/** A line as a single service shows it on a terminal, without stacks and steps. */
export function textLine(entry: LogEntry): string {
  const { timestamp, level, request_id, session_id } = entry;
  const day = new Date(timestamp).toLocaleDateString('sv');
  const ids = `[req=${request_id}|session=${session_id.slice(0, ID_LENGTH)}]`;
  const at = paint('gray', `${day} ${timeOf(entry)}`);
  return `${at} - ${levelText(level)} - ${paint('cyan', ids)} - ${saying(entry)}${recordedMark(entry)}`;
}

/** A line of one trace: which process wrote it, when, and what. */
export function processLine(entry: LogEntry): string {
  const name = processOf(entry);
  const milliseconds = entry.timestamp.slice(19, 23);
  return [
    paint(COLORS[name] ?? 'white', name.padEnd(NAME_LENGTH)),
    paint('gray', timeOf(entry) + milliseconds),
    levelText(entry.level.padEnd(LEVEL_LENGTH)),
    saying(entry),
  ].join(' ');
}

/** The columns of {@link systemLine}. */
export const SYSTEM_COLUMNS = paint('gray', 'trace    session  process  time');

/** A line of any trace, with its trace and session. */
export function systemLine(entry: LogEntry): string {
  const ids = [entry.trace_id, entry.session_id].map((id) =>
    id.slice(0, ID_LENGTH).padEnd(ID_LENGTH),
  );
  const line = `${paint('gray', ids.join(' '))} ${processLine(entry)}`;
  return [line, ...errorLines(entry), ...(entry.steps ?? []).map(stepLine)].join('\n');
}

/** A step of a failed or slow request, below its line: why it failed is at its end. */
export function stepLine(step: Step): string {
  const { name, start_ms, duration_ms, depth = 0, count } = step;
  const times = count === undefined ? '' : ` (${count} times)`;
  const took =
    duration_ms === undefined ? 'did not end' : `took ${duration_ms.toFixed(1)} ms${times}`;
  const line = `    ${'  '.repeat(depth)}${printable(name)} began at ${start_ms.toFixed(1)} ms, ${took}`;
  return line + paint('red', failureOf(step));
}

/** As in `, failed with 503: Error: Service Unavailable`. Only the step where an error arose has it. */
function failureOf({ failed, status, error }: Step): string {
  if (failed !== true) return '';
  const answer = status === undefined ? '' : ` with ${status}`;
  return `, failed${answer}${error === undefined ? '' : printable(`: ${error}`)}`;
}

/** The error of a line with its causes, one line of text for each, without their stacks. */
export function errorLines({ error }: LogEntry): string[] {
  const lines: string[] = [];
  for (let at = error as LoggedError | undefined; at !== undefined; at = at.cause) {
    const reason = printable(`${at.name}: ${at.message}`);
    lines.push(`    ${paint('red', lines.length === 0 ? reason : `caused by ${reason}`)}`);
  }
  return lines;
}

/** What marks a line below the level of the log, which was written because its request failed. */
export function recordedMark({ recorded }: LogEntry): string {
  return recorded === true ? paint('gray', '  (kept by the flight recorder)') : '';
}

/** The local time of day. */
export function timeOf({ timestamp }: LogEntry): string {
  return new Date(timestamp).toTimeString().slice(0, 8);
}

/** The level, colored where it is a warning or an error. */
export function levelText(
  level: string,
  color: (style: 'yellow' | 'red', text: string) => string = paint,
): string {
  const text = level.toUpperCase();
  if (level.startsWith('warn')) return color('yellow', text);
  return level.startsWith('error') ? color('red', text) : text;
}

function saying(entry: LogEntry): string {
  if (!isAccessLogLine(entry)) return printable(entry.message);
  return `${entry.message}  ${paint('gray', resultOf(entry))}`;
}

/** The result of a unit of work, as in `POST /api/payment 201 completed in 450.2 ms`. */
function resultOf(finish: LogEntry): string {
  const { method, path, transport, queue, job, pattern, mcp_method, mcp_tool } = finish;
  const { status_code, outcome, duration_ms = 0 } = finish;
  const isRequest = method !== undefined;
  const what = isRequest ? [method, path] : [transport, queue, job, pattern, mcp_method, mcp_tool];
  const words = [...what, status_code, outcome].filter((word) => word !== undefined);
  return `${printable(words.join(' '))} in ${duration_ms.toFixed(1)} ms`;
}
