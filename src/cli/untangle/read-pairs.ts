import type { OtherField } from './entry-fields.js';

/** A text, and the fields that were written after it as ` name=value`. */
export interface TextAndPairs {
  readonly text: string;
  readonly pairs: OtherField[];
}

const NAME = / ([^\s="]{1,200})=/y;
const WORD = /[\w.:@/+-]+(?= |$)/y;
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,17})?$/;
const LITERALS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const MOST_PAIRS = 1000;

/**
 * Splits a line of the text format into its message and the fields behind it: as many as there are
 * without other text in between or after them. A message that ends like a field is read as one.
 *
 * @param isName whether a field may have a name; text with another one is part of the message.
 */
export function readPairs(line: string, isName: (name: string) => boolean): TextAndPairs {
  let pairs: OtherField[] = [];
  let end = line.length;
  let at = line.indexOf(' ');
  // Brackets and quotes without an end are searched through once each: hostile text has many.
  let left = line.length * 4;
  while (at !== -1 && left > 0) {
    const pair = pairAt(line, at, isName);
    left -= pair.searched;
    if (pair.end === undefined) {
      pairs = [];
      end = line.length;
      at = line.indexOf(' ', at + 1);
      continue;
    }
    if (pairs.length === 0) end = at;
    if (pairs.length === MOST_PAIRS) break;
    pairs.push([pair.name, pair.value]);
    if (pair.end === line.length) return { text: line.slice(0, end), pairs };
    at = pair.end;
  }
  return { text: line, pairs: [] };
}

type Pair =
  | { readonly end: undefined; readonly searched: number }
  | {
      readonly end: number;
      readonly searched: number;
      readonly name: string;
      readonly value: unknown;
    };

function pairAt(line: string, at: number, isName: (name: string) => boolean): Pair {
  NAME.lastIndex = at;
  const name = NAME.exec(line)?.[1];
  if (name === undefined || !isName(name)) return { end: undefined, searched: 1 };
  const start = at + name.length + 2;
  const first = line[start];
  if (first === '"' || first === '{' || first === '[') return jsonAt(line, start, name);
  WORD.lastIndex = start;
  const word = WORD.exec(line)?.[0];
  if (word === undefined) return { end: undefined, searched: name.length };
  const value = NUMBER.test(word) ? Number(word) : LITERALS.has(word) ? LITERALS.get(word) : word;
  return { end: start + word.length, searched: 0, name, value };
}

function jsonAt(line: string, start: number, name: string): Pair {
  const end = endOfJson(line, start);
  const isEnd = end !== undefined && (end === line.length || line[end] === ' ');
  const searched = (end ?? line.length) - start;
  if (!isEnd) return { end: undefined, searched };
  try {
    return { end, searched, name, value: JSON.parse(line.slice(start, end)) as unknown };
  } catch {
    // Text of a message that only looks like a field.
    return { end: undefined, searched };
  }
}

/** Behind the string, object or array that begins there; `undefined` if it has no end. */
function endOfJson(line: string, start: number): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < line.length; at++) {
    const character = line[at];
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth === 0 && !isInString) return at + 1;
  }
  return undefined;
}
