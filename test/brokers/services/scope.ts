/** A name that no other test uses on the same broker. */
export function scoped(name: string): string {
  return `${process.env['SCOPE'] ?? ''}-${name}`;
}
