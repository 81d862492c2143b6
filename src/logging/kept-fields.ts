import { moreCharacters } from '../records/json-text.js';

/** The beginning of a text, and how much more there was of it. */
export function cutText(text: string, length: number): string {
  // A part of a text would keep the whole of it in memory.
  const copy = Buffer.from(text.slice(0, length), 'utf16le').toString('utf16le');
  return copy + moreCharacters(text.length - length);
}

/** Sets a field of a copy without a call of a setter that its prototype may have. */
export function defineField(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
