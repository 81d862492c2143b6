const TAB = 9;
const SPACE = 32;

/**
 * Strips optional white space from both ends (RFC 9110, section 5.6.3). It does not use a regular
 * expression, because that takes quadratic time on white space in the middle, which a caller can
 * send.
 */
export function trimOws(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isOws(value.charCodeAt(start))) start++;
  while (end > start && isOws(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isOws(code: number): boolean {
  return code === SPACE || code === TAB;
}
