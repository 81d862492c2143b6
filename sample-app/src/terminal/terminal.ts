import { stripVTControlCharacters, styleText } from 'node:util';

const isColored = process.stdout.isTTY && !process.env.NO_COLOR;

export const paint: typeof styleText = (style, text) => (isColored ? styleText(style, text) : text);

/** Text of a log in one line, without what would drive the terminal. */
export function printable(text: string): string {
  const line = stripVTControlCharacters(text).replaceAll(/[\t\r\n]/g, ' ');
  // Controls and what is invisible, but for the joiner of emoji.
  return line.replaceAll(/[^\P{C}\u200D]/gu, '\uFFFD');
}

/** The width of the terminal; what is no terminal has room for two columns. */
export function terminalColumns(): number {
  return process.stdout.columns ?? 120;
}

export function heading(text: string): string {
  return `\n${paint('bold', text)}\n`;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says something about the demo itself, apart from what it shows. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function warn(text: string): void {
  note(paint('yellow', `Warning: ${text}`));
}
