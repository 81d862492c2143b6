/** `Unexpected token 'h', "hello" is not valid JSON`, where a part of the body is quoted, or its middle. */
const JSON_EXCERPT_ENDS = ['" is not valid JSON', '"... is not valid JSON'] as const;
const JSON_EXCERPT_START = /(?:\.{3})?"/;
/** `unsupported content encoding "…"`, where a header is. */
const HEADER_VALUE = /^(unsupported (?:content encoding|charset)) "[^]*"$/i;

/**
 * The message of an error by which a request is refused, without what parsers of bodies quote: a part
 * of the body, or a header. Neither is for a log.
 */
export function withoutQuotes(text: string): string {
  if (JSON_EXCERPT_ENDS.some((end) => text.endsWith(end))) {
    return `${text.slice(0, text.search(JSON_EXCERPT_START))}the body is not valid JSON`;
  }
  return text.replace(HEADER_VALUE, '$1');
}
