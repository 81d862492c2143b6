/** The files of a project, as the Nest CLI hands them to a schematic. Paths have no leading slash. */
export interface ProjectTree {
  exists(path: string): boolean;
  read(path: string): Uint8Array | null;
  overwrite(path: string, content: string): void;
}

/** The text of a file, with its line endings; `undefined` where there is none. */
export function textOf(tree: ProjectTree, path: string): string | undefined {
  const content = tree.exists(path) ? tree.read(path) : null;
  // A byte order mark is a part of the text, and is written again.
  return content === null
    ? undefined
    : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
}

/** The object that a JSON file holds, or an empty one. */
export function jsonOf(tree: ProjectTree, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse((textOf(tree, path) ?? '').replace(/^\uFEFF/, ''));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A property that is an object, or an empty one. */
export function objectIn(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const property = value[name];
  return isObject(property) ? property : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
