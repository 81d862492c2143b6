import { isHidden } from './hidden-names.js';
import { shownText } from './shown-text.js';

/*
 * The one filter of all that the trace viewer shows: of this application's records and of what other
 * services send.
 */

/** A text that is JSON is read where it is no longer than this. */
const MAX_JSON_TEXT = 16_384;
const MAX_DEPTH = 16;
/** What statements have for values: in SQL, and in the JSON of document databases. */
const LITERALS = /'(?:[^']|'')*'|(?<=:\s{0,8})"(?:[^"\\]|\\.)*"|(?<![\w$.])-?\d+(?:\.\d+)?(?![\w.])/g;
const STATEMENT = /(?:^|[._-])(?:statement|sql|document|query[._-]?text)$/i;

type Json = Readonly<Record<string, unknown>>;

/**
 * A value of JSON as it is shown under a name, with all that is nested in it; `undefined` for one that
 * is hidden.
 */
export function shownValue(name: string, value: unknown): unknown {
  return isHidden(name, value) ? undefined : shown(value, name, 0);
}

/** The same for the content of a message, which has no name. */
export function shownContent(value: unknown): unknown {
  return shown(value, '', 0);
}

function shown(value: unknown, name: string, depth: number): unknown {
  if (typeof value === 'string') return shownString(value, name, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return shownList(value as unknown[], name, depth);
  return shownObject(value as Json, name, depth);
}

function shownString(text: string, name: string, depth: number): unknown {
  const nested = jsonIn(text);
  if (nested !== undefined && depth < MAX_DEPTH) {
    const json = JSON.stringify(shown(nested, name, depth + 1));
    return json === JSON.stringify(nested) ? text : json;
  }
  const plain = shownText(text);
  return STATEMENT.test(name) ? plain.replace(LITERALS, '?') : plain;
}

/** The object or list in a text; `undefined` for any other text. */
function jsonIn(text: string): object | undefined {
  if (text.length > MAX_JSON_TEXT || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // Some other text that begins with a bracket, or JSON that was cut.
    return undefined;
  }
}

function shownList(list: readonly unknown[], name: string, depth: number): unknown[] {
  // An entry of a map: its name, then its value.
  const [key, value] = list;
  if (list.length === 2 && typeof key === 'string' && isHidden(joined(name, key), value)) {
    return [key];
  }
  return list.map((item) => shown(item, name, depth + 1) ?? null);
}

function shownObject(object: Json, name: string, depth: number): Json {
  // An entry of a list of names and values, such as `{ name: 'authorization', value: … }`.
  const entryName = object['name'] ?? object['key'] ?? object['field'];
  const isEntry = typeof entryName === 'string' && 'value' in object;
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(object)) {
    const path = isEntry && key === 'value' ? joined(name, entryName) : joined(name, key);
    if (isHidden(key, item) || isHidden(path, item)) continue;
    const value = shown(item, key, depth + 1);
    if (value !== undefined) entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

/** The name of a nested value with the last word of what it is in: `job` and `data` say more together. */
function joined(name: string, key: string): string {
  return `${name.slice(name.lastIndexOf('.') + 1)}.${key}`;
}
