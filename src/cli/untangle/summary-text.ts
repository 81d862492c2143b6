import { escapeText } from '../../records/control-characters.js';
import { BOLD, DIM, RED, type Paint } from './colors.js';
import { timeText } from './group-text.js';
import { isoTime } from './json-sink.js';
import type { ErrorSummary, LogSummary, RouteSummary } from './log-summary.js';
import type { ReadCounts } from './read-counts.js';

const PERCENTILES = [50, 95, 99] as const;
const MAX_ROUTE = 60;
const WIDTH = 9;
/** How many routes and errors are shown where no limit is given. */
export const DEFAULT_ROWS = 10;

/** A summary as text: lines and requests, routes with their durations, and errors. */
export function summaryText(
  summary: LogSummary,
  counts: ReadCounts,
  rows: number,
  paint: Paint,
): string {
  const routes = summary.routes.top();
  const errors = summary.errors.top();
  const blocks = [
    headText(summary, counts),
    ...(routes.length === 0 ? [] : [routesText(routes, rows, summary.routes.omitted, paint)]),
    ...(errors.length === 0 ? [] : [errorsText(errors, rows, summary.errors.omitted, paint)]),
  ];
  return blocks.join('\n');
}

function headText(summary: LogSummary, { lines, unread }: ReadCounts): string {
  const { requests, failed, aborted, unfinished, alone, aloneFailed, from, to } = summary;
  const time = from <= to ? `${timeText(from)} to ${timeText(to)} (${spanText(to - from)})\n` : '';
  const services = summary.services.top();
  const names = services.map(([name, { count }]) => `${escapeText(name)} ${number(count)}`);
  return [
    `${number(lines)} lines, ${number(unread)} not read\n${time}`,
    `${number(requests)} requests: ${number(failed)} failed, ${number(aborted)} aborted, `,
    `${number(unfinished)} without an end\n`,
    `${number(alone)} lines outside of requests: ${number(aloneFailed)} errors\n`,
    names.length === 0 ? '' : `services: ${names.slice(0, DEFAULT_ROWS).join(', ')}\n`,
  ].join('');
}

function routesText(
  routes: readonly (readonly [string, RouteSummary])[],
  rows: number,
  omitted: number,
  paint: Paint,
): string {
  const shown = routes.slice(0, rows);
  const names = shown.map(([name]) => shortened(escapeText(name), MAX_ROUTE));
  const width = Math.max(...names.map((name) => name.length), 'route'.length);
  const head = ['requests', 'errors', ...PERCENTILES.map((p) => `p${p}`), 'slowest'];
  let text = `${paint(BOLD, 'route'.padEnd(width) + head.map((one) => one.padStart(WIDTH)).join(''))}\n`;
  for (const [i, [, { count, errors, durations }]] of shown.entries()) {
    const times = PERCENTILES.map((percent) => durations.percentile(percent));
    const failed = number(errors).padStart(WIDTH);
    text += names[i]!.padEnd(width) + number(count).padStart(WIDTH);
    text += errors > 0 ? paint(RED, failed) : failed;
    for (const ms of [...times, durations.count > 0 ? durations.longest : undefined]) {
      text += msText(ms).padStart(WIDTH);
    }
    text += '\n';
  }
  return text + moreText(routes.length - shown.length, 'routes', omitted, paint);
}

function errorsText(
  errors: readonly (readonly [string, ErrorSummary])[],
  rows: number,
  omitted: number,
  paint: Paint,
): string {
  const shown = errors.slice(0, rows);
  let text = `${paint(BOLD, 'errors')}\n`;
  for (const [, error] of shown) {
    const { count, errorId, message, request, firstSeen, lastSeen } = error;
    const id = errorId === undefined ? '' : ` error_id=${escapeText(errorId)}`;
    const example = request === undefined ? '' : ` request=${escapeText(request)}`;
    const seen =
      firstSeen <= lastSeen ? `first ${timeText(firstSeen)} last ${timeText(lastSeen)}` : '';
    text += `${paint(RED, `${number(count)}×`.padStart(7))} ${escapeText(message)}\n`;
    text += `        ${paint(DIM, `${seen}${id}${example}`.trimStart())}\n`;
  }
  return text + moreText(errors.length - shown.length, 'errors', omitted, paint);
}

function moreText(more: number, what: string, omitted: number, paint: Paint): string {
  const others = omitted === 0 ? '' : `, and ${number(omitted)} that were not kept`;
  if (more === 0 && omitted === 0) return '';
  return `${paint(DIM, `${number(more)} more ${what}${others}; --limit shows more`)}\n`;
}

/** The same as JSON, under names that stay. Times are ISO 8601, durations milliseconds. */
export function summaryJson(summary: LogSummary, counts: ReadCounts, rows: number): object {
  const { requests, failed, aborted, unfinished, alone, aloneFailed, from, to } = summary;
  return {
    type: 'summary',
    lines: counts.lines,
    unread: counts.unread,
    from: isoTime(from),
    to: isoTime(to),
    ...{ requests, failed, aborted, unfinished },
    lines_outside: alone,
    errors_outside: aloneFailed,
    services: summary.services.top().map(([name, { count }]) => ({ service: name, count })),
    routes: summary.routes
      .top()
      .slice(0, rows)
      .map(([route, { count, errors, durations }]) => ({
        ...{ route, count, errors },
        ...Object.fromEntries(
          PERCENTILES.map((p) => [`p${p}_ms`, rounded(durations.percentile(p))]),
        ),
        max_ms: rounded(durations.count > 0 ? durations.longest : undefined),
      })),
    errors: summary.errors
      .top()
      .slice(0, rows)
      .map(([, { count, errorId, message, request, firstSeen, lastSeen }]) => ({
        ...{ error_id: errorId, message, count },
        ...{ first_seen: isoTime(firstSeen), last_seen: isoTime(lastSeen), request_id: request },
      })),
    omitted: { routes: summary.routes.omitted, errors: summary.errors.omitted },
  };
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Number(ms.toPrecision(4));
}

function msText(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 10_000 ? `${Number(ms.toPrecision(3))}ms` : `${(ms / 1000).toFixed(1)}s`;
}

/** `1d 2h`, `3m 20s`, `450ms`: the two largest units. */
function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let left = Math.round(ms / 1000);
  const parts: string[] = [];
  for (const [name, seconds] of units) {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.slice(0, 2).join(' ');
}
