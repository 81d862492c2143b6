/** Longer names are generated, or hold more than a name. */
const MAX_NAME = 64;
/** From this length a part of a name that could be hexadecimal digits is not taken for a word. */
const MIN_HEX = 8;

/** What is shown of a name that may hold a value. */
export const HIDDEN = '?';

/**
 * A name of a statement as it may be shown: without what makes names many, or values of them.
 *
 * - A name with other characters than letters, digits, `_` and `$`, or with more than 64 of them, is
 *   `?`: what is in quotes may be any text.
 * - Digits at the end of a part between two `_` are `?`: `users2` is `users?`. A part with digits
 *   elsewhere, such as `8f3a`, and one of at least eight hexadecimal digits is `?` as a whole.
 * - Several `?` in a row are one: `events_2026_11_27` and `events_2026_12` are both `events_?`.
 */
export function shownName(name: string): string {
  if (name === '' || name.length > MAX_NAME || !isWord(name)) return HIDDEN;
  if (!mayBeGenerated(name)) return name;
  const parts = name.split('_').map(shownPart);
  return parts.filter((part, i) => part !== HIDDEN || parts[i - 1] !== HIDDEN).join('_');
}

function shownPart(part: string): string {
  let hasDigit = false;
  let isHex = part.length >= MIN_HEX;
  for (let i = 0; i < part.length; i++) {
    const code = part.charCodeAt(i);
    const isDigit = isAsciiDigit(code);
    if (hasDigit && !isDigit) return HIDDEN;
    hasDigit ||= isDigit;
    const lower = code | 0x20;
    isHex &&= isDigit || (lower >= 0x61 && lower <= 0x66);
  }
  if (isHex) return HIDDEN;
  if (!hasDigit) return part;
  let end = part.length;
  while (end > 0 && isAsciiDigit(part.charCodeAt(end - 1))) end--;
  return part.slice(0, end) + HIDDEN;
}

/** Whether it consists of letters of any script, digits, `_` and `$`. */
function isWord(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const lower = code | 0x20;
    if ((lower >= 0x61 && lower <= 0x7a) || isAsciiDigit(code) || code === 0x5f || code === 0x24) {
      continue;
    }
    if (code < 0x80 || !/\p{L}/u.test(name[i]!)) return false;
  }
  return true;
}

function mayBeGenerated(name: string): boolean {
  let hexLength = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (isAsciiDigit(code)) return true;
    const lower = code | 0x20;
    hexLength = lower >= 0x61 && lower <= 0x66 ? hexLength + 1 : 0;
    if (hexLength >= MIN_HEX) return true;
  }
  return false;
}

function isAsciiDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
