import type { SqlDialect } from './sql-dialect.js';
import { HIDDEN, shownName } from './sql-names.js';
import type { SqlToken, SqlTokens } from './sql-tokens.js';
import { DATA } from './sql-words.js';

/** The longest text of a statement that is recorded, in characters. */
const MAX_TEXT = 2_048;

/** Between these a name in double quotes is one; elsewhere some databases take it as a text. */
const BEFORE_NAME: ReadonlySet<string> = new Set(
  'JOIN INTO UPDATE AS TABLE ONLY INDEX VIEW CONSTRAINT REFERENCES'.split(' '),
);
/** Before these, NULL is no value. */
const BEFORE_NULL: ReadonlySet<string> = new Set('IS NOT SET DEFAULT'.split(' '));

/** Statements in which a word without quotes may be a value, as in `SET app.tenant = acme`. */
const SETTING: ReadonlySet<string> = new Set(['SET', 'PRAGMA']);

/** A list whose values may be replaced by one `?`. */
interface OpenList {
  /** Its place in the text that is written. */
  readonly from: number;
  readonly close: string;
  /** Whether it is a list of values, such as that of IN. */
  readonly isValues: boolean;
  /** Whether it consists of values so far. */
  isPlain: boolean;
  /** Whether it is a query so far, so that its FROM is followed by tables. */
  isQuery: boolean;
}

/**
 * The text of a statement with `?` in the place of each literal, without comments. Names are shown
 * as {@link shownName} allows. A list of values is `(?)`, and of the rows of VALUES only the first is
 * shown, so that statements that differ in the number of values have the same text.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#sanitization-of-dbquerytext
 */
export function statementText({ tokens, isCut }: SqlTokens, dialect: SqlDialect): string {
  const writer = new TextWriter(tokens, dialect);
  const isWhole = writer.write();
  return isWhole && !isCut ? writer.text : `${writer.text} …`;
}

class TextWriter {
  private pieces: string[] = [];
  private length = 0;
  private readonly lists: OpenList[] = [];
  /** Outside of all parentheses. */
  private readonly outermost: Pick<OpenList, 'isQuery'> = { isQuery: false };
  private at = 0;
  /** Where in a statement that sets something the reader is. */
  private setting: 'none' | 'name' | 'value' = 'none';

  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly dialect: SqlDialect,
  ) {}

  get text(): string {
    return this.pieces.join('').trim();
  }

  /** Returns `false` where the text became too long. */
  write(): boolean {
    for (; this.at < this.tokens.length; this.at++) {
      if (this.length >= MAX_TEXT) return false;
      const token = this.tokens[this.at]!;
      this.noteSetting(token);
      if (token.kind === 'symbol' && this.writeBracket(token)) continue;
      this.writeToken(token);
    }
    return true;
  }

  private add(text: string, isSpaced: boolean): void {
    const piece = isSpaced && this.pieces.length > 0 ? ` ${text}` : text;
    this.pieces.push(piece);
    this.length += piece.length;
  }

  private writeToken(token: SqlToken): void {
    const { kind, text, keyword, isSpaced } = token;
    if (kind === 'literal' || this.isValue(token)) return this.add(HIDDEN, isSpaced);
    if (kind === 'symbol' || kind === 'parameter') {
      if (kind === 'symbol' && text !== ',' && text !== '::') this.notPlain(this.isSign(text));
      return this.add(kind === 'symbol' ? text : shownParameter(text), isSpaced);
    }
    if (keyword !== 'NULL' && keyword !== 'DEFAULT') {
      this.notPlain(this.tokens[this.at - 1]?.text === '::');
    }
    if (keyword === 'SELECT' || keyword === 'DELETE') {
      (this.lists.at(-1) ?? this.outermost).isQuery = true;
    }
    const shown = shownName(text);
    this.add(kind === 'quoted' ? quoted(shown, token.quote) : shown, isSpaced);
  }

  private noteSetting({ kind, text, keyword }: SqlToken): void {
    const isFirst = this.at === 0 || this.tokens[this.at - 1]!.text === ';';
    // SQL Server needs no semicolon before the next statement.
    if (isFirst || DATA.has(keyword)) this.setting = SETTING.has(keyword) ? 'name' : 'none';
    else if (this.setting === 'name') {
      const isBeforeValue =
        keyword === 'TO' || (kind === 'symbol' && (text === '=' || text === '('));
      if (isBeforeValue) this.setting = 'value';
    }
  }

  private notPlain(isPartOfValue: boolean): void {
    const list = this.lists.at(-1);
    if (list !== undefined && !isPartOfValue) list.isPlain = false;
  }

  private isSign(symbol: string): boolean {
    return (symbol === '-' || symbol === '+') && this.tokens[this.at + 1]?.kind === 'literal';
  }

  private isValue({ kind, keyword, quote }: SqlToken): boolean {
    const before = this.tokens[this.at - 1];
    if (this.setting === 'value' && keyword !== 'TO' && (kind === 'word' || kind === 'quoted')) {
      return keyword !== 'DEFAULT';
    }
    if (keyword === 'TRUE' || keyword === 'FALSE') {
      return before?.keyword !== 'IS' && before?.keyword !== 'NOT' && before?.text !== '.';
    }
    if (keyword === 'NULL') return !BEFORE_NULL.has(before?.keyword ?? '');
    return kind === 'quoted' && quote === '"' && this.isDoubtful(before);
  }

  /** Whether a name in double quotes may be a text. */
  private isDoubtful(before: SqlToken | undefined): boolean {
    if (this.dialect.doubleQuoted !== 'either') return false;
    const isQualified = before?.text === '.' || this.tokens[this.at + 1]?.text === '.';
    if (isQualified) return false;
    // That of TRIM(… FROM …) is followed by a value.
    if (before?.keyword === 'FROM') return !(this.lists.at(-1) ?? this.outermost).isQuery;
    return !BEFORE_NAME.has(before?.keyword ?? '');
  }

  private writeBracket({ text, isSpaced }: SqlToken): boolean {
    if (text === '(' || text === '[') {
      const outer = this.lists.at(-1);
      const before = this.tokens[this.at - 1];
      const isValues =
        text === '[' ||
        before?.keyword === 'IN' ||
        (outer?.isValues === true && (before?.text === '(' || before?.text === ','));
      this.add(text, isSpaced);
      const close = text === '(' ? ')' : ']';
      this.lists.push({ from: this.pieces.length, close, isValues, isPlain: true, isQuery: false });
      return true;
    }
    if (text !== ')' && text !== ']') return false;
    const list = this.lists.pop();
    if (list?.close === text && list.isValues && list.isPlain && list.from < this.pieces.length) {
      this.pieces.length = list.from;
      this.pieces.push(HIDDEN);
    } else if (list !== undefined) {
      this.notPlain(false);
    }
    this.add(text, isSpaced);
    if (text === ')') this.skipRows();
    return true;
  }

  /** Leaves out the rows of VALUES after the first. */
  private skipRows(): void {
    if (!this.isInValues()) return;
    let depth = 0;
    for (let i = this.at + 1; i < this.tokens.length; i++) {
      const { kind, text } = this.tokens[i]!;
      const symbol = kind === 'symbol' ? text : '';
      if (depth === 0 && symbol !== ',' && symbol !== '(') {
        this.at = i - 1;
        return;
      }
      if (depth === 0 && symbol === ',' && this.tokens[i + 1]?.text !== '(') {
        this.at = i - 1;
        return;
      }
      if (symbol === '(') depth++;
      else if (symbol === ')') depth--;
    }
    this.at = this.tokens.length;
  }

  /** Whether the parenthesis that ends here is the first row of VALUES. */
  private isInValues(): boolean {
    if (this.tokens[this.at + 1]?.text !== ',' || this.tokens[this.at + 2]?.text !== '(')
      return false;
    let depth = 0;
    for (let i = this.at; i >= 0; i--) {
      const { kind, text } = this.tokens[i]!;
      if (kind !== 'symbol') continue;
      if (text === ')') depth++;
      else if (text === '(' && --depth === 0) {
        const before = this.tokens[i - 1]?.keyword;
        return before === 'VALUES' || before === 'VALUE';
      }
    }
    return false;
  }
}

/** The sign of a placeholder, and its name or number. */
function shownParameter(text: string): string {
  if (text === HIDDEN || /^[$:?]\d{1,5}$/.test(text)) return text;
  const sign = text.startsWith('@@') ? '@@' : text.slice(0, 1);
  return sign + shownName(text.slice(sign.length));
}

function quoted(name: string, quote: string): string {
  if (name === HIDDEN) return HIDDEN;
  return quote === '[' ? `[${name}]` : quote + name + quote;
}
