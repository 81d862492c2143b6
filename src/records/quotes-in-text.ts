/** `Unexpected token 'h', "hello" is not valid JSON`, where a part of the body is quoted. */
const JSON_EXCERPT = /(?:\.{3})?"[^]*"(?:\.{3})? is not valid JSON$/;
/** `unsupported content encoding "…"`, where a header is. */
const HEADER_VALUE = /^(unsupported (?:content encoding|charset)) "[^]*"$/i;

/**
 * The message of an error by which a request is refused, without what parsers of bodies quote: a part
 * of the body, or a header. Neither is for a log.
 */
export function withoutQuotes(text: string): string {
  if (text.endsWith(' is not valid JSON'))
    return text.replace(JSON_EXCERPT, 'the body is not valid JSON');
  return text.replace(HEADER_VALUE, '$1');
}
