/** Characters of an attribute, a name, a path. */
export const MAX_TEXT = 4096;
/** Characters of a log message, and of the stack of an error. */
export const MAX_MESSAGE = 16_384;

/** The beginning of a text that is too long. */
export function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
