import { printable } from '../terminal/terminal.js';

/** Where the demo did not go as expected. */
export interface Difference {
  what: string;
  expected: string;
  seen: string;
}

export function differenceText({ what, expected, seen }: Difference): string {
  return `${printable(what)}\n  expected: ${printable(expected)}\n  seen:     ${printable(seen)}`;
}

/** As in `[Status check, Request finished]`. */
export function list(words: readonly string[]): string {
  return `[${words.join(', ')}]`;
}
