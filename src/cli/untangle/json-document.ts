const MAX_CHARACTERS = 2 ** 20;

/**
 * A JSON document that is printed over several lines, as `aws` and `jq` do: a bracket that is alone
 * on its line, indented lines, and the bracket that closes it.
 */
export class JsonDocument {
  private readonly rows: string[];
  private characters = 0;
  private readonly last: string;

  private constructor(first: string) {
    this.rows = [first];
    this.last = first.trimEnd() === '{' ? '}' : ']';
  }

  /** A document that begins with this line; `undefined` for any other line. */
  static begin(line: string): JsonDocument | undefined {
    return /^[{[]\s*$/.test(line) ? new JsonDocument(line) : undefined;
  }

  /** Takes the next line. Returns whether it is of this document. */
  add(line: string): 'inside' | 'last' | 'other' {
    const isLast = line.startsWith(this.last) && line.trimEnd() === this.last;
    if (!isLast && !/^\s/.test(line)) return 'other';
    this.characters += line.length;
    if (this.characters > MAX_CHARACTERS) return 'other';
    this.rows.push(line);
    return isLast ? 'last' : 'inside';
  }

  get lines(): readonly string[] {
    return this.rows;
  }

  /** Its entries: one, or those of a list; `undefined` where it is no JSON. */
  entries(): readonly object[] | undefined {
    try {
      const json = JSON.parse(this.rows.join('')) as unknown;
      const all = Array.isArray(json) ? (json as unknown[]) : [json];
      return all.filter((one): one is object => typeof one === 'object' && one !== null);
    } catch {
      // Text with brackets of its own.
      return undefined;
    }
  }
}

/** The JSON object that is the whole of a text; `undefined` for any other text. */
export function parseObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // Text that only begins like an object.
    return undefined;
  }
}
