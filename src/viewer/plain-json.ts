import { escapeLines } from '../records/control-characters.js';

/** JSON in which every control character is an escape, as in the logs of this package. */
export function plainJson(value: unknown, indent?: number): string {
  // What JSON has to escape is escaped already: the newlines are those of the indentation.
  return escapeLines(JSON.stringify(value, undefined, indent));
}

/** JSON that is safe inside a script element: nothing in it ends that, or begins a comment. */
export function scriptJson(value: unknown): string {
  return plainJson(value).replaceAll('<', String.raw`\u003c`);
}
