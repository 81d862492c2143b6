// The characters of names that a key may have in the escaped form: no serializer writes them so.
const ESCAPED_NAME = /\\u00(?:2[def]|3\d|[46][0-9a-f]|5[0-9af]|7[0-9a])/i;
const SPACE = /\s/;

/**
 * Whether one of these keys may be in a JSON text twice. Some loggers, such as pino, write a field of
 * a call beside one with the same name that is bound to the logger, and `JSON.parse` returns the last.
 */
export function mayRepeat(text: string, keys: Iterable<string>): boolean {
  for (const key of keys) {
    const name = `"${key}"`;
    if (text.includes(name, text.indexOf(name) + 1)) return true;
  }
  return ESCAPED_NAME.test(text);
}

/** Parses a JSON object so that the first of several members with one name counts. */
export function firstMembers(json: string): object {
  const members = new Map<string, unknown>();
  let at = json.indexOf('{') + 1;
  for (;;) {
    at = skip(json, at, (character) => SPACE.test(character) || character === ',');
    if (json[at] !== '"') break;
    const keyEnd = endOfString(json, at);
    const key = JSON.parse(json.slice(at, keyEnd)) as string;
    at = json.indexOf(':', keyEnd) + 1;
    const end = endOfValue(json, at);
    if (!members.has(key)) members.set(key, JSON.parse(json.slice(at, end)));
    at = end;
  }
  return Object.fromEntries(members);
}

function skip(json: string, from: number, isSkipped: (character: string) => boolean): number {
  let at = from;
  while (at < json.length && isSkipped(json[at]!)) at++;
  return at;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The end of a value: the comma or bracket after it. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const character = json[at]!;
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (depth === 0 && (character === ',' || character === '}')) return at;
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') depth--;
    at++;
  }
  return at;
}
