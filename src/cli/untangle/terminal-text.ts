import { escapeText } from '../../records/control-characters.js';

const ESCAPE = '\u001b';
// The controls of ECMA-48 that only choose colours and styles ("select graphic rendition"). They
// could hide text, or make it look like this program's own.
const STYLES = new RegExp(`(?:${ESCAPE}\\[|\u009b)[0-9;:]*m`, 'g');
const LINE_END = /\r?\n$/;

/**
 * Text from outside, of at most one line, for a terminal or for a pipe that may lead to one: its
 * colours are removed, and all other control characters but tabs escaped.
 */
export function terminalText(text: string): string {
  const end = LINE_END.test(text) ? '\n' : '';
  return escapeButTabs(withoutStyles(text.replace(LINE_END, ''))) + end;
}

/** Whether a text may have colours or styles. */
export function hasStyles(text: string): boolean {
  return text.includes(ESCAPE) || text.includes('\u009b');
}

/** Text without the colours and styles of a terminal. */
export function withoutStyles(text: string): string {
  return text.replace(STYLES, '');
}

function escapeButTabs(text: string): string {
  return text.split('\t').map(escapeText).join('\t');
}
