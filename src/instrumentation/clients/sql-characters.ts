/** The code of a character; 0 after the end. */
export function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

/** The end of the word that goes on at a place. */
export function wordEnd(text: string, from: number, isTransactSql: boolean): number {
  let end = from;
  while (end < text.length && isWordPart(text.charCodeAt(end), isTransactSql)) end++;
  return end;
}

/** The end of a number in any notation, with all that is attached to it. */
export function numberEnd(text: string, at: number): number {
  let end = at + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (isWordPart(code, false) || code === 0x2e) continue;
    // The sign of an exponent.
    if (code !== 0x2b && code !== 0x2d) break;
    if ((text.charCodeAt(end - 1) | 0x20) !== 0x65 || !isDigit(codeAt(text, end + 1))) break;
    if (!isDecimal(text, at, end - 1)) break;
  }
  return end;
}

/** The place of the quote that ends a text; that of the end of `text` where there is none. */
export function textEnd(text: string, at: number, quote: number, hasBackslashes: boolean): number {
  let end = at + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x5c && hasBackslashes) end++;
    else if (code === quote) {
      if (text.charCodeAt(end + 1) !== quote) break;
      end++;
    }
  }
  return end;
}

/** Whether a quote follows a backslash between two places. */
export function hasEscapedQuote(text: string, from: number, end: number, quote: number): boolean {
  for (let i = from; i < end; i++) {
    if (text.charCodeAt(i) === 0x5c && text.charCodeAt(i + 1) === quote) return true;
  }
  return false;
}

/** The end of a comment to the end of a line; `undefined` where servers end it at different places. */
export function lineEnd(text: string, at: number): number | undefined {
  let end = at;
  while (end < text.length && text.charCodeAt(end) !== 0x0a) {
    // A carriage return alone ends the comment for some servers only.
    if (text.charCodeAt(end) === 0x0d && text.charCodeAt(end + 1) !== 0x0a) return undefined;
    end++;
  }
  return end;
}

/** The end of a comment in slashes; `undefined` where it has none, or not the same for all servers. */
export function commentEnd(text: string, at: number, nests: boolean): number | undefined {
  let depth = 1;
  let end = at + 2;
  for (; end < text.length && depth > 0; end++) {
    const code = text.charCodeAt(end);
    const next = text.charCodeAt(end + 1);
    if (code === 0x2a && next === 0x2f) {
      depth--;
      end++;
    } else if (code === 0x2f && next === 0x2a) {
      // Where comments do not nest, the author may have meant this one to.
      if (!nests) return undefined;
      depth++;
      end++;
    }
  }
  return depth > 0 ? undefined : end;
}

/** Whether the part of a text is a decimal number without an exponent: `1.5`, and not `0x1`. */
function isDecimal(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && code !== 0x2e && code !== 0x5f) return false;
  }
  return true;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isWordStart(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code >= 0x80;
}

export function isWordPart(code: number, isTransactSql: boolean): boolean {
  if (isWordStart(code) || isDigit(code) || code === 0x24) return true;
  return isTransactSql && (code === 0x23 || code === 0x40);
}

/** Whether the part of a text is `q` or `nq`, before a quote an operator of Oracle. */
export function isQuoteOperator(text: string, from: number, end: number): boolean {
  if ((text.charCodeAt(end - 1) | 0x20) !== 0x71) return false;
  return end === from + 1 || (end === from + 2 && (text.charCodeAt(from) | 0x20) === 0x6e);
}
