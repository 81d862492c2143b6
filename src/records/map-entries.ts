/** The first items of a collection. */
export function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  if (count <= 0) return first;
  for (const item of items) {
    first.push(item);
    if (first.length >= count) break;
  }
  return first;
}

function isSimpleKey(key: unknown): boolean {
  return (typeof key !== 'object' && typeof key !== 'function') || key === null;
}

/** The entries of a map as an object; `undefined` where that would lose entries or what keys are. */
export function namedEntries(
  entries: readonly (readonly [unknown, unknown])[],
): object | undefined {
  const names = new Set(entries.map(([key]) => (isSimpleKey(key) ? String(key) : undefined)));
  if (names.size < entries.length || names.has(undefined)) return undefined;
  return Object.fromEntries(entries.map(([key, item]) => [String(key), item] as const));
}
