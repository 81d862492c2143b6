import { isHidden } from './hidden-names.js';
import { shownText } from './shown-text.js';

/*
 * The one filter of all that the trace viewer shows: of this application's records and of what other
 * services send.
 */

/** A text that is JSON is read where it is no longer than this. */
const MAX_JSON_TEXT = 8192;
const MAX_DEPTH = 16;
/** Characters that are read of one value with all that is nested in it, a little more than is shown. */
const MAX_CHARACTERS = 20_000;
/** The texts in a statement: of SQL, and of the JSON of document databases. Numbers stay. */
const LITERALS = /'(?:[^']|'')*'|(?<=:\s{0,8})"(?:[^"\\]|\\.)*"/g;
const STATEMENT = /(?:^|[._-])(?:statement|sql|document|graphql[._-]source|query[._-]?text)$/i;

type Json = Readonly<Record<string, unknown>>;

/**
 * A value of JSON as it is shown under a name, with all that is nested in it; `undefined` for one that
 * is hidden.
 */
export function shownValue(name: string, value: unknown): unknown {
  return isHidden(name, value) ? undefined : new Filter().shown(value, name, 0);
}

/** The same for the content of a message, which has no name. */
export function shownContent(value: unknown): unknown {
  return new Filter().shown(value, '', 0);
}

class Filter {
  private left = MAX_CHARACTERS;

  shown(value: unknown, name: string, depth: number): unknown {
    if (this.left <= 0) return undefined;
    this.left--;
    if (typeof value === 'string') return this.text(value, name, depth);
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_DEPTH) return undefined;
    if (Array.isArray(value)) return this.list(value as unknown[], name, depth);
    return this.object(value as Json, name, depth);
  }

  private text(text: string, name: string, depth: number): unknown {
    const nested = depth < MAX_DEPTH ? jsonIn(text) : undefined;
    if (nested !== undefined) {
      const json = JSON.stringify(this.shown(nested, name, depth + 1));
      return json === JSON.stringify(nested) ? text : json;
    }
    this.left -= text.length;
    const plain = shownText(text);
    return STATEMENT.test(name) ? plain.replace(LITERALS, '?') : plain;
  }

  private list(list: readonly unknown[], name: string, depth: number): unknown[] {
    // An entry of a map: its name, then its value.
    const [key, value] = list;
    if (list.length === 2 && typeof key === 'string' && isHidden(joined(name, key), value)) {
      return [key];
    }
    const items: unknown[] = [];
    for (const item of list) {
      if (this.left <= 0) break;
      items.push(this.shown(item, name, depth + 1) ?? null);
    }
    return items;
  }

  private object(object: Json, name: string, depth: number): Json {
    const own = (key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);
    // An entry of a list of names and values, such as `{ name: 'authorization', value: … }`.
    const entryName = own('name') ?? own('key') ?? own('field');
    const isEntry = typeof entryName === 'string' && Object.hasOwn(object, 'value');
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(object)) {
      if (this.left <= 0) break;
      this.left -= key.length;
      const path = joined(name, isEntry && key === 'value' ? entryName : key);
      if (isHidden(key, item) || isHidden(path, item)) continue;
      const value = this.shown(item, key, depth + 1);
      if (value !== undefined) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }
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

/** The name of a nested value with the last word of what it is in: `job` and `data` say more together. */
function joined(name: string, key: string): string {
  return `${name.slice(name.lastIndexOf('.') + 1)}.${key}`;
}
