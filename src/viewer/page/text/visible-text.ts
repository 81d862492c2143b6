// C0, DEL and C1 drive terminals and end lines; U+2028 and U+2029 end lines too; the bidi controls
// (UAX #9) show text in another order than it was written.
const CONTROLS =
  '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
const CONTROL = new RegExp(`[${CONTROLS}]`, 'g');
const CONTROL_BUT_LINE_END = new RegExp(`(?!\\n)[${CONTROLS}]`, 'g');
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** What came from outside, on one line: control and bidi characters as escapes that can be read. */
export function visibleText(text: string): string {
  return text.replace(CONTROL, escapeCharacter);
}

/** The same for text of several lines, such as a stack: it keeps its line ends and indentation. */
export function visibleLines(text: string): string {
  return text.replaceAll('\t', '  ').replace(CONTROL_BUT_LINE_END, escapeCharacter);
}
