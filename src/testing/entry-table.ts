import { escapeText } from '../records/control-characters.js';
import type { LoggedEntry } from './logged-entry.js';

/** The number of rows that are shown, so that a failure message stays readable. */
const MAX_ROWS = 20;
const MAX_CELL = 80;
/** The columns of every row. */
const COLUMNS = ['level', 'request_id', 'message'] as const;

/**
 * Formats entries as a table that is easy to compare: one row for each entry, with the given fields
 * in the last columns. Of many entries only the last ones are shown.
 *
 * @param title describes the entries.
 * @param fields the names of fields to show besides level, request id and message.
 */
export function entryTable(
  title: string,
  entries: readonly LoggedEntry[],
  fields: readonly string[],
  print: (value: unknown) => string,
): string {
  if (entries.length === 0) return `${title}: nothing`;
  const shown = entries.slice(-MAX_ROWS);
  const more = entries.length - shown.length;
  const extra = fields.filter((field) => !(COLUMNS as readonly string[]).includes(field));
  const rows = shown.map((entry) => [
    ...COLUMNS.map((column) => shorten(entry[column])),
    ...extra.map((field) =>
      Object.hasOwn(entry, field) ? shorten(`${field}=${print(entry[field])}`) : '',
    ),
  ]);
  return [
    more === 0 ? `${title}:` : `${title} (the last ${MAX_ROWS} of ${entries.length}):`,
    ...align(rows),
  ].join('\n');
}

/** Formats rows as text with aligned columns. */
export function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

function shorten(text: string): string {
  const line = escapeText(text);
  return line.length <= MAX_CELL ? line : `${line.slice(0, MAX_CELL - 1)}…`;
}
