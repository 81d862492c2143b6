/** A text as the search language has it: found where it is the whole of a field. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;
}
