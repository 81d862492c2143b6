import { escapeText } from './control-characters.js';
import { jsonValue } from './json-value.js';

const PLAIN_VALUE = /^[\w.:@/+-]+$/;

/** Whether a text needs no quotes as the value of a pair. */
export function isPlainWord(text: string): boolean {
  return PLAIN_VALUE.test(text);
}

/** Formats ` name=value`. The value is quoted if it is not a single plain word. */
export function fieldPair(key: string, value: unknown): string {
  const shown = typeof value === 'string' && isPlainWord(value) ? value : jsonValue(value);
  return shown === undefined ? '' : ` ${escapeText(key)}=${shown}`;
}
