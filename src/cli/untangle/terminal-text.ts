import { escapeText } from '../../records/control-characters.js';

const ESCAPE = '\u001b';
// The controls of ECMA-48 that only choose colours and styles ("select graphic rendition").
const STYLE = new RegExp(`(${ESCAPE}\\[[0-9;:]*m)`);
const LINE_END = /\r?\n$/;
const RESET = `${ESCAPE}[0m`;

/**
 * Text from outside for a terminal: its colours are kept, and all other control characters escaped.
 * Colours are reset at the end of the line.
 */
export function terminalText(text: string): string {
  const end = LINE_END.test(text) ? '\n' : '';
  const parts = text.replace(LINE_END, '').split(STYLE);
  // Every second part is a style, between those that are not.
  const shown = parts.map((part, i) => (i % 2 === 1 ? part : escapeButTabs(part))).join('');
  return shown + (parts.length > 1 ? RESET : '') + end;
}

function escapeButTabs(text: string): string {
  return text.split('\t').map(escapeText).join('\t');
}
