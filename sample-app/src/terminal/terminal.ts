import { styleText } from 'node:util';

const isColored = process.stdout.isTTY && !process.env.NO_COLOR;

export const paint: typeof styleText = (style, text) => (isColored ? styleText(style, text) : text);

export function heading(text: string): string {
  return `\n${paint('bold', text)}\n`;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
