/** The values of a header in the head of a request, joined by commas. */
export function headerIn(head: string, name: string): string | undefined {
  const values = [...head.matchAll(lineOf(name))].map(([, value = '']) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The same head with one more header. Does not check the value. */
export function withHeader(head: string, name: string, value: string): string {
  return head.replace(/\r\n\r\n$/, () => `\r\n${name}: ${value}\r\n\r\n`);
}

/** The same head without a header. */
export function withoutHeader(head: string, name: string): string {
  return head.replace(lineOf(name), '');
}

/** A line of the head. Undici's ends with a line break, Node's begins with one. */
function lineOf(name: string): RegExp {
  return new RegExp(`(?<=^|\\n)${name}:[ \\t]*([^\\r\\n]*)\\r\\n`, 'gi');
}
