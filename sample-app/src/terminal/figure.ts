import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import { levelText, timeOf } from './log-line.js';
import { sessionColors, type SessionColor } from './session-colors.js';
import { paint, printable } from './terminal.js';
import { fit, textWidth } from './text-width.js';

type Paint = (style: Parameters<typeof paint>[0], text: string) => string;

/** Below this, the lines are under the requests and not beside them. */
const TWO_COLUMNS = 100;
const REQUEST_COLUMNS = 28;
const GAP_COLUMNS = 4;
/** Below this, a line names its ids without `req=` and `session=`, which leaves more for its text. */
const LONG_IDS = 80;
const MIN_LINE_COLUMNS = 40;
const ID_COLUMNS = 8;
const MAX_NAME_COLUMNS = 16;

/**
 * The requests of a log on the left, their mixed lines on the right, colored by session, and whose
 * session is which below.
 *
 * @param columns the width of the terminal
 */
export function figure(log: readonly LogEntry[], columns: number, color: Paint = paint): string {
  const colors = sessionColors(log);
  const colorOf = ({ session_id }: LogEntry): SessionColor => colors.get(session_id)!;
  const finishes = log
    .filter(isAccessLogLine)
    .toSorted((a, b) => a.request_id.localeCompare(b.request_id));
  const cards = finishes.flatMap((finish, index) => {
    const first = log.find(({ request_id }) => request_id === finish.request_id) ?? finish;
    const rows = card(finish, timeOf(first), colorOf(finish), color);
    return index === 0 ? rows : [{ text: ' '.repeat(REQUEST_COLUMNS) }, ...rows];
  });
  const isWide = columns >= TWO_COLUMNS;
  const lineColumns = isWide ? columns - REQUEST_COLUMNS - GAP_COLUMNS : columns;
  const room = Math.max(lineColumns, MIN_LINE_COLUMNS);
  const lines = log.map((entry) => lineText(entry, room, colorOf(entry), color));
  const legend = legendOf(finishes, colors, color);
  if (!isWide) {
    const requests = cards.map(({ text }) => text.trimEnd());
    return [...requests, '', ...lines, '', legend].join('\n');
  }
  const head = beside(color('bold', fit('Requests', REQUEST_COLUMNS)), '', 'Mixed log lines');
  const rows = Array.from({ length: Math.max(cards.length, lines.length) }, (_, row) => {
    const { text = ' '.repeat(REQUEST_COLUMNS), arrow = '' } = cards[row] ?? {};
    return beside(text, arrow, lines[row] ?? '');
  });
  return [head, '', ...rows, '', legend].join('\n');
}

interface Row {
  text: string;
  arrow?: string;
}

/** A request, as in `Alice - Payment`, with what it was, its ids and its time below. */
function card(finish: LogEntry, time: string, color: SessionColor, painted: Paint): Row[] {
  const { method = '', path = '', request_id } = finish;
  const bar = painted(color, '┃');
  const row = (text: string, style?: Parameters<Paint>[0]): Row => {
    const fitting = fit(text, REQUEST_COLUMNS - 2);
    return { text: `${bar} ${style === undefined ? fitting : painted(style, fitting)}` };
  };
  return [
    row(`${nameOf(finish)} - ${titleOf(printable(path))}`, ['bold', color]),
    row(printable(`${method} ${path}`)),
    { ...row(`Session: ${shortSession(finish)}`), arrow: painted(color, '→') },
    row(`Request: ${printable(request_id)}`),
    row(time, 'gray'),
  ];
}

function lineText(entry: LogEntry, columns: number, color: SessionColor, painted: Paint): string {
  const request = printable(entry.request_id);
  const session = shortSession(entry);
  const ids =
    columns < LONG_IDS ? `[${request}|${session}]` : `[req=${request}|session=${session}]`;
  const level = entry.level.toUpperCase();
  const before = `${timeOf(entry)} - ${level} - `;
  const room = Math.max(columns - textWidth(before), 1);
  const text = fit(`${ids} - ${printable(entry.message)}`, room).trimEnd();
  return `${painted('gray', timeOf(entry))} - ${levelText(entry.level, painted)} - ${painted(color, text)}`;
}

/** Each session once, under the name of its user. */
function legendOf(
  finishes: readonly LogEntry[],
  colors: ReadonlyMap<string, SessionColor>,
  painted: Paint,
): string {
  return [...colors]
    .map(([id, color]) => {
      const finish = finishes.find(({ session_id }) => session_id === id);
      if (finish === undefined) return '';
      return `${painted(color, '■')} ${nameOf(finish)} (${shortSession(finish)})`;
    })
    .filter((text) => text !== '')
    .join('   ');
}

function beside(left: string, arrow: string, right: string): string {
  const gap = arrow === '' ? ' '.repeat(GAP_COLUMNS) : ` ${arrow}${' '.repeat(GAP_COLUMNS - 2)}`;
  return `${left}${gap}${right}`.trimEnd();
}

function nameOf({ user }: LogEntry): string {
  if (typeof user !== 'string') return 'Session';
  return fit(printable(user), Math.min(textWidth(printable(user)), MAX_NAME_COLUMNS));
}

/** `Parallel tasks` of `/api/parallel-tasks`. */
function titleOf(path: string): string {
  const words = (path.split('/').at(-1) ?? '').replaceAll('-', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function shortSession({ session_id }: LogEntry): string {
  return printable(session_id).slice(0, ID_COLUMNS);
}
