/**
 * The value of a table for a text of a caller. Only the table's own rows count: `constructor` and
 * `toString` are properties of every object.
 */
export function ownValue<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
