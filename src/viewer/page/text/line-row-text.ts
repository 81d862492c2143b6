import type { ViewLine } from '../../view-records.js';

// A row shows one line of a window's width; more would only cost time.
const MAX_ROW_TEXT = 600;

/** The message as far as a row can show it. */
export function rowMessage({ message }: ViewLine): string {
  return message.length > MAX_ROW_TEXT ? `${message.slice(0, MAX_ROW_TEXT)}…` : message;
}

/** The fields of the entry as `name=value`, as far as a row can show them. */
export function rowFields({ fields, error }: ViewLine): string {
  let text = '';
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (text.length > MAX_ROW_TEXT) break;
    text += `${text === '' ? '' : ' '}${name}=${fieldText(value)}`;
  }
  if (error !== undefined && text === '') text = error.slice(0, error.indexOf('\n') >>> 0);
  return text.slice(0, MAX_ROW_TEXT);
}

/** A value as JSON; a single word without quotes. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}
