// C0, DEL and C1 control terminals and end lines; U+2028 and U+2029 end lines too; the
// bidirectional controls (UAX #9) change the order in which a line is displayed.
const CONTROLS =
  '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const UNSAFE_IN_TEXT = new RegExp(`[${CONTROLS}]`);
const EACH_UNSAFE_IN_TEXT = new RegExp(UNSAFE_IN_TEXT, 'g');
const EACH_UNSAFE_IN_LINES = new RegExp(`(?!\\n)[${CONTROLS}]`, 'g');
// JSON also escapes quotes, backslashes and lone surrogates.
const UNSAFE_IN_JSON = new RegExp(`["\\\\\\ud800-\\udfff${CONTROLS}]`);

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Escapes all control characters, so that text cannot end its line or control a terminal. */
export function escapeText(text: string): string {
  return UNSAFE_IN_TEXT.test(text) ? text.replace(EACH_UNSAFE_IN_TEXT, escapeCharacter) : text;
}

/** Escapes control characters except newlines, for text of several lines such as a stack. */
export function escapeLines(text: string): string {
  return text.replace(EACH_UNSAFE_IN_LINES, escapeCharacter);
}

/** Formats a JSON string. Control characters that JSON would allow are escaped too. */
export function quoteJson(text: string): string {
  // Nearly all strings need no escapes, and the test is faster than `JSON.stringify`.
  if (!UNSAFE_IN_JSON.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(EACH_UNSAFE_IN_TEXT, escapeCharacter);
}
