import type { Work } from './slices.js';

/** Deeper than any OTLP that is shown: a body that nests deeper is refused. */
export const MAX_JSON_DEPTH = 1000;
/** Objects, lists and items that are kept of a body. OTLP of 4 MiB has half as many at most. */
const MAX_KEPT = 400_000;
/** How many values are read between two moments at which the event loop may turn. */
const VALUES_IN_A_STEP = 256;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Up to the end of a text, or to what needs more than a copy. */
// JSON allows no control character in a text.
// oxlint-disable-next-line no-control-regex
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
/** A part of any text, short enough for the stack of the matcher. */
const ESCAPED_TEXT = /(?:[^"\\]|\\[^]){1,4096}/y;
const WORDS: ReadonlyMap<string, { readonly word: string; readonly value: boolean | null }> =
  new Map([
    ['t', { word: 'true', value: true }],
    ['f', { word: 'false', value: false }],
    ['n', { word: 'null', value: null }],
  ]);

/** An object or array that is being read; the content is `undefined` where it is left out. */
interface Container {
  readonly list: unknown[] | undefined;
  readonly object: Record<string, unknown> | undefined;
  readonly isList: boolean;
}

/**
 * Reads JSON in steps: `JSON.parse` would keep the event loop busy for all of a body. Of objects only
 * the named properties are kept, so that a body with millions of others takes little memory.
 *
 * @throws {SyntaxError} for what is no JSON, or is nested too deeply.
 */
export function* parseJson(text: string, keys: ReadonlySet<string>): Work<unknown> {
  const reader = new JsonReader(text, keys);
  for (let values = 1; reader.step(); values++) if (values % VALUES_IN_A_STEP === 0) yield;
  return reader.result;
}

class JsonReader {
  result: unknown;
  private at = 0;
  private readonly open: Container[] = [];
  private key = '';
  private kept = 0;

  constructor(
    private readonly text: string,
    private readonly keys: ReadonlySet<string>,
  ) {
    this.skipSpace();
  }

  /** Reads one value, or the beginning of one, and what follows it. Returns `false` at the end. */
  step(): boolean {
    const first = this.text[this.at];
    if (first === '{' || first === '[') {
      this.begin(first === '[');
      if (!this.isClosed()) return true;
    } else {
      this.add(this.scalar(first));
    }
    return this.next();
  }

  private begin(isList: boolean): void {
    if (this.open.length === MAX_JSON_DEPTH) throw malformed();
    this.at++;
    const isKept = this.isKept();
    // In OTLP, no list is an item of a list.
    if (isKept && isList && this.open.at(-1)?.isList === true) throw malformed();
    if (isKept && ++this.kept > MAX_KEPT) throw malformed();
    const list = isList && isKept ? [] : undefined;
    const object = !isList && isKept ? {} : undefined;
    this.add(list ?? object);
    this.open.push({ list, object, isList });
    this.skipSpace();
  }

  /** Ends an empty container; of an object with content, reads the first key. */
  private isClosed(): boolean {
    const { isList } = this.open.at(-1)!;
    if (this.text[this.at] === (isList ? ']' : '}')) {
      this.at++;
      this.open.pop();
      return true;
    }
    if (!isList) this.readKey();
    return false;
  }

  /** Goes to the next value, out of all containers that end here. */
  private next(): boolean {
    for (;;) {
      this.skipSpace();
      const container = this.open.at(-1);
      if (container === undefined) {
        if (this.at < this.text.length) throw malformed();
        return false;
      }
      const character = this.text[this.at++];
      if (character === ',') {
        this.skipSpace();
        if (!container.isList) this.readKey();
        return true;
      }
      if (character !== (container.isList ? ']' : '}')) throw malformed();
      this.open.pop();
    }
  }

  private isKept(): boolean {
    const container = this.open.at(-1);
    if (container === undefined || container.list !== undefined) return true;
    return container.object !== undefined && this.keys.has(this.key);
  }

  private add(value: unknown): void {
    const container = this.open.at(-1);
    if (container === undefined) {
      this.result = value;
    } else if (container.list !== undefined) {
      if (++this.kept > MAX_KEPT) throw malformed();
      container.list.push(value);
    } else if (this.isKept()) {
      container.object![this.key] = value;
    }
  }

  private readKey(): void {
    if (this.text[this.at] !== '"') throw malformed();
    this.key = this.string();
    this.skipSpace();
    if (this.text[this.at++] !== ':') throw malformed();
    this.skipSpace();
  }

  private scalar(first: string | undefined): unknown {
    if (first === '"') return this.string();
    const known = WORDS.get(first ?? '');
    if (known === undefined) return Number(this.match(NUMBER) || fail());
    if (!this.text.startsWith(known.word, this.at)) throw malformed();
    this.at += known.word.length;
    return known.value;
  }

  private string(): string {
    const start = this.at++;
    const plain = this.match(PLAIN_TEXT);
    if (this.text[this.at] === '"') {
      this.at++;
      return plain;
    }
    while (this.match(ESCAPED_TEXT) !== '');
    if (this.text[this.at++] !== '"') throw malformed();
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private skipSpace(): void {
    // Most JSON has none.
    if (this.text.charCodeAt(this.at) <= 0x20) this.match(SPACE);
  }
}

function fail(): never {
  throw malformed();
}

function malformed(): SyntaxError {
  return new SyntaxError('malformed JSON');
}
