import { types } from 'node:util';
import { namesSecret } from '../records/secret-names.js';
import { looksSecret } from '../records/secret-values.js';

const MAX_TEXT = 60;
const MAX_KEYS = 5;
/** The options whose values are secrets, beside those whose names say so. */
const SECRETS = /(?:^|\.)(?:key|debugKey|headers)(?:\.|$)/;

/**
 * A value of an option, for an error message: shortened, and only described where its name or its
 * form says that it may be a secret.
 */
export function shownValue(name: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return shownText(name, value);
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? '`null`' : shownObject(name, value);
    default:
      return `\`${String(value)}\``;
  }
}

function shownText(name: string, text: string): string {
  const isSecret = SECRETS.test(name) || namesSecret(name) || looksSecret(text);
  if (isSecret && text !== '') return `a string of ${text.length} characters (not shown)`;
  return JSON.stringify(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}

function shownObject(name: string, value: object): string {
  if (Array.isArray(value)) return shownList(name, value);
  if (types.isRegExp(value)) return `the pattern ${String(value).slice(0, MAX_TEXT)}`;
  if (types.isPromise(value)) return 'a promise';
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an object without properties';
  const shown = keys.slice(0, MAX_KEYS).map((key) => shownText('', key));
  return `an object with ${shown.join(', ')}${keys.length > MAX_KEYS ? ', …' : ''}`;
}

function shownList(name: string, list: readonly unknown[]): string {
  if (list.length === 0) return 'an empty array';
  const shown = list
    .slice(0, MAX_KEYS)
    .map((item) => (isShort(item) ? shownValue(name, item).replaceAll('`', '') : typeof item));
  return `the array [${shown.join(', ')}${list.length > MAX_KEYS ? ', …' : ''}]`;
}

function isShort(item: unknown): boolean {
  return item === null || types.isRegExp(item) || !['object', 'function'].includes(typeof item);
}
