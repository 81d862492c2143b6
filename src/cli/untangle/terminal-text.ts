import { escapeText } from '../../records/control-characters.js';

const ESCAPE = '\u001b';
// The controls of ECMA-48 that only choose colours and styles ("select graphic rendition").
const STYLE = new RegExp(`(${ESCAPE}\\[[0-9;:]*m)`);
const LINE_END = /\r?\n$/;
const RESET = `${ESCAPE}[0m`;

/**
 * Foreign text for a terminal: it may have its colours, and nothing else that drives one. A line
 * that ends in colour leaves none behind.
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
