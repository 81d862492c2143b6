import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import { stepLine, timeOf } from '../terminal/log-line.js';
import { paint } from '../terminal/terminal.js';

const SESSION_LENGTH = 8;
const SESSION_COLORS = ['blueBright', 'magentaBright'] as const;

/** A block for each request: the result from its access log line, then its lines. */
export function sortedByRequest(log: readonly LogEntry[]): string {
  const sessions = [...new Set(log.map((entry) => entry.session_id))].toSorted();
  return log
    .filter(isAccessLogLine)
    .toSorted((a, b) => a.request_id.localeCompare(b.request_id))
    .map((finish) => {
      const color = SESSION_COLORS[sessions.indexOf(finish.session_id)] ?? 'white';
      const lines = log.filter((entry) => entry.request_id === finish.request_id);
      return [
        `${paint(color, idsOf(finish))}  ${resultOf(finish)}`,
        ...lines.map(lineOf),
        ...(finish.steps ?? []).map(stepLine),
      ].join('\n');
    })
    .join('\n\n');
}

function idsOf({ request_id, session_id }: LogEntry): string {
  return `${request_id}  session ${session_id.slice(0, SESSION_LENGTH)}`;
}

function resultOf({ method, path, status_code, outcome, duration_ms = 0 }: LogEntry): string {
  const result = `${status_code} ${outcome} in ${duration_ms.toFixed(1)} ms`;
  return `${method} ${path}  ${paint(outcome === 'completed' ? 'green' : 'red', result)}`;
}

function lineOf(entry: LogEntry): string {
  const { level, message } = entry;
  return `  ${paint('gray', timeOf(entry))} - ${level.toUpperCase()} - ${message}`;
}
