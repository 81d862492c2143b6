import { escapeLines, escapeText } from '../../../records/control-characters.js';

/** Text from outside, on one line: control and bidi characters become escapes that can be read. */
export const visibleText = escapeText;

/** The same for text of several lines, such as a stack: it keeps its newlines and indentation. */
export function visibleLines(text: string): string {
  return escapeLines(text.replaceAll('\t', '  '));
}
