/** The value of a header in the head of a request, as it is written on the wire. */
export function headerIn(head: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\r\\n)${name}:[ \\t]*([^\\r]*)`, 'i').exec(head)?.[1];
}

/** The same head with one more header. Does not check the value. */
export function withHeader(head: string, name: string, value: string): string {
  return head.replace(/\r\n\r\n$/, () => `\r\n${name}: ${value}\r\n\r\n`);
}
