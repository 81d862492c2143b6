import {
  codeAt,
  commentEnd,
  hasEscapedQuote,
  textEnd,
  isDigit,
  isQuoteOperator,
  isWordStart,
  lineEnd,
  numberEnd,
  wordEnd,
} from './sql-characters.js';
import type { SqlDialect } from './sql-dialect.js';

/**
 * A part of a statement. `literal`: a text or number, whose `text` is never kept. `parameter`: a
 * placeholder, such as `?`, `$1` or `:id`. `quoted`: a name in quotes, without them.
 */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'literal' | 'parameter' | 'symbol';
  /** As written for a name, a parameter and a symbol. */
  readonly text: string;
  /** The same in upper case for a `word`, which may be a keyword; else empty. */
  readonly keyword: string;
  /** The quote that a name is in: `"`, a backtick or `[`. */
  readonly quote: string;
  /** Whether there is space, or a comment, before it. */
  readonly isSpaced: boolean;
}

/** The tokens of a statement, or of its beginning. */
export interface SqlTokens {
  readonly tokens: readonly SqlToken[];
  /** Whether something after them is left out. */
  readonly isCut: boolean;
}

/** Longer words are no keywords. */
const MAX_KEYWORD = 32;

/**
 * Reads the tokens of a statement in one pass, without a regular expression, so that the time is
 * proportional to the length. Comments are dropped: they may hold values. So is everything after a
 * quote or a comment that does not end, and after a text that two servers would end at different
 * places. What follows could be the inside of a text.
 *
 * @param hasMore whether `text` is only the beginning of the statement.
 */
export function readTokens(text: string, dialect: SqlDialect, hasMore: boolean): SqlTokens {
  const reader = new SqlReader(text, dialect);
  const isWhole = reader.read();
  const { tokens } = reader;
  if (isWhole && !hasMore) return { tokens, isCut: false };
  // The last token may be the beginning of a longer one.
  if (isWhole && tokens.at(-1)?.kind !== 'literal') tokens.pop();
  return { tokens, isCut: true };
}

class SqlReader {
  readonly tokens: SqlToken[] = [];
  private at = 0;
  private isSpaced = false;
  /** The number of tokens before the first text that a server with other settings ends earlier. */
  private doubtfulFrom: number | undefined = undefined;

  constructor(
    private readonly text: string,
    private readonly dialect: SqlDialect,
  ) {}

  /** Returns `false` where it had to stop before the end. */
  read(): boolean {
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code <= 0x20) {
        this.at++;
        this.isSpaced = true;
      } else if (!this.readToken(code)) {
        if (this.doubtfulFrom !== undefined) this.tokens.length = this.doubtfulFrom;
        this.isSpaced = true;
        this.add('literal', '?');
        return false;
      }
    }
    return true;
  }

  private readToken(code: number): boolean {
    const { dialect, text, at } = this;
    if (isWordStart(code)) return this.readWord();
    if (isDigit(code)) return this.readNumber();
    switch (code) {
      case 0x27: // '
        return this.readText(code, dialect.hasBackslashes);
      case 0x22: // "
        if (dialect.doubleQuoted === 'literal') return this.readText(code, dialect.hasBackslashes);
        return this.readQuoted('"', '"');
      case 0x60: // `
        return this.readQuoted('`', '`');
      case 0x5b: // [
        return dialect.hasBrackets ? this.readQuoted('[', ']') : this.readSymbol();
      case 0x2d: // -
        return this.isDashComment() ? this.skipLine() : this.readSymbol();
      case 0x2f: // /
        return codeAt(text, at + 1) === 0x2a ? this.skipComment() : this.readSymbol();
      case 0x23: // #
        if (dialect.isMySql) return this.skipLine();
        return dialect.isTransactSql ? this.readWord() : this.readSymbol();
      case 0x2e: // .
        return isDigit(codeAt(this.text, this.at + 1)) && !this.isAfterName()
          ? this.readNumber()
          : this.readSymbol();
      case 0x24: // $
        return this.readDollar();
      case 0x3a: // :
        if (codeAt(text, at + 1) !== 0x3a) return this.readParameter();
        return this.add('symbol', '::', 2);
      case 0x40: // @
        return this.readParameter();
      case 0x3f: // ?
        return this.add('parameter', '?', 1);
      default:
        return this.readSymbol();
    }
  }

  private readSymbol(): boolean {
    const code = this.text.charCodeAt(this.at);
    return this.add('symbol', code < 0x7f ? String.fromCharCode(code) : ' ', 1);
  }

  private readWord(): boolean {
    const from = this.at;
    const end = wordEnd(this.text, from + 1, this.dialect.isTransactSql);
    const next = codeAt(this.text, end);
    // q'[…]' of Oracle may contain quotes.
    if (next === 0x27 && isQuoteOperator(this.text, from, end)) return false;
    // E'…' of PostgreSQL has backslashes. The others, such as N'…' and X'…', are like '…'.
    if (next === 0x27 && end === from + 1) {
      this.at = end;
      const code = this.text.charCodeAt(from) | 0x20;
      return this.readText(0x27, this.dialect.hasBackslashes || code === 0x65);
    }
    const isUnicode =
      next === 0x26 && end === from + 1 && (this.text.charCodeAt(from) | 0x20) === 0x75;
    if (isUnicode) {
      const quote = codeAt(this.text, end + 1);
      if (quote === 0x27 || quote === 0x22) {
        this.at = end + 1;
        // Its escapes may spell anything.
        return this.readText(quote, false);
      }
    }
    return this.add('word', this.text.slice(from, end), end - from);
  }

  private readNumber(): boolean {
    return this.add('literal', '?', numberEnd(this.text, this.at) - this.at);
  }

  private readText(quote: number, hasBackslashes: boolean): boolean {
    const { text } = this;
    const { isMySql, hasDollarQuotes } = this.dialect;
    // Settings of a server say whether `\'` ends a text, except in E'…'.
    const mayDoubt = isMySql || (hasDollarQuotes && !hasBackslashes);
    const end = textEnd(text, this.at, quote, hasBackslashes);
    if (mayDoubt && !this.isEscape(end) && hasEscapedQuote(text, this.at, end, quote)) {
      this.doubtfulFrom ??= this.tokens.length;
      // For MySQL this is usual, and is read as the default says, as long as all quotes match.
      if (!isMySql) return false;
    }
    if (end >= text.length) return false;
    return this.add('literal', '?', end + 1 - this.at);
  }

  /** Whether the text is a backslash alone after `ESCAPE`, which each server reads as that. */
  private isEscape(end: number): boolean {
    return end === this.at + 2 && this.tokens.at(-1)?.keyword === 'ESCAPE';
  }

  private readQuoted(open: string, close: string): boolean {
    const { text } = this;
    let end = text.indexOf(close, this.at + 1);
    let hasQuotes = false;
    while (end !== -1 && text[end + 1] === close) {
      hasQuotes = true;
      end = text.indexOf(close, end + 2);
    }
    if (end === -1) return false;
    // A name that contains its quote is shown as `?` anyway.
    const name = hasQuotes ? '' : text.slice(this.at + 1, end);
    return this.add('quoted', name, end + 1 - this.at, open);
  }

  /** `$1`, `$name`, `$tag$…$tag$`, or the currency sign of a number. */
  private readDollar(): boolean {
    const { text, dialect } = this;
    const end = wordEnd(this.text, this.at + 1, this.dialect.isTransactSql);
    if (!dialect.hasDollarQuotes) {
      // An amount of money.
      if (dialect.isTransactSql) return this.readNumber();
      return this.readParameter();
    }
    let tagEnd = this.at + 1;
    while (tagEnd < end && text.charCodeAt(tagEnd) !== 0x24) tagEnd++;
    if (text.charCodeAt(tagEnd) !== 0x24 || isDigit(codeAt(this.text, this.at + 1))) {
      return this.readParameter();
    }
    const tag = text.slice(this.at, tagEnd + 1);
    const close = text.indexOf(tag, tagEnd + 1);
    if (close === -1) return false;
    return this.add('literal', '?', close + tag.length - this.at);
  }

  private readParameter(): boolean {
    const { text } = this;
    let from = this.at + 1;
    // `@@` of a variable of the server.
    if (text.charCodeAt(from) === text.charCodeAt(this.at)) from++;
    const end = wordEnd(this.text, from, this.dialect.isTransactSql);
    if (end === from) return this.readSymbol();
    return this.add('parameter', text.slice(this.at, end), end - this.at);
  }

  private isDashComment(): boolean {
    if (codeAt(this.text, this.at + 1) !== 0x2d) return false;
    return !this.dialect.isMySql || codeAt(this.text, this.at + 2) <= 0x20;
  }

  private skipLine(): boolean {
    return this.skipTo(lineEnd(this.text, this.at));
  }

  private skipComment(): boolean {
    return this.skipTo(commentEnd(this.text, this.at, this.dialect.nestsComments));
  }

  private skipTo(end: number | undefined): boolean {
    if (end === undefined) return false;
    this.at = end;
    this.isSpaced = true;
    return true;
  }

  private isAfterName(): boolean {
    const last = this.tokens.at(-1);
    return !this.isSpaced && (last?.kind === 'word' || last?.kind === 'quoted');
  }

  private add(kind: SqlToken['kind'], text: string, length = 0, quote = ''): true {
    const isKeyword = kind === 'word' && text.length <= MAX_KEYWORD;
    const keyword = isKeyword ? text.toUpperCase() : '';
    this.tokens.push({ kind, text, keyword, quote, isSpaced: this.isSpaced });
    this.at += length;
    this.isSpaced = false;
    return true;
  }
}
