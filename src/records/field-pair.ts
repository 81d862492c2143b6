import { escapeText } from './control-characters.js';
import { jsonValue } from './json-value.js';

const PLAIN_VALUE = /^[\w.:@/+-]+$/;

/** Formats ` name=value`. The value is quoted if it is not a single plain word. */
export function fieldPair(key: string, value: unknown): string {
  const shown = typeof value === 'string' && PLAIN_VALUE.test(value) ? value : jsonValue(value);
  return shown === undefined ? '' : ` ${escapeText(key)}=${shown}`;
}
