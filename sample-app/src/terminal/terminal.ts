import { stripVTControlCharacters, styleText } from 'node:util';

export const isColored = process.stdout.isTTY && !process.env.NO_COLOR;

export const paint: typeof styleText = (style, text) => (isColored ? styleText(style, text) : text);

/** Text of a log in one line, without what would drive the terminal. */
export function printable(text: string): string {
  const line = stripVTControlCharacters(text).replaceAll(/[\t\r\n]/g, ' ');
  return line.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD');
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
