import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// A version is looked for in many folders, and may be asked for with each message.
const versions = new Map<string, string | undefined>();

/**
 * The version of a package that the application has, or else of the copy inside Node, which brings
 * undici; `undefined` where it is not to be found.
 */
export function versionOf(name: string): string | undefined {
  if (!versions.has(name)) versions.set(name, findVersion(name));
  return versions.get(name);
}

function findVersion(name: string): string | undefined {
  if (name === 'node') return process.versions.node;
  for (const file of [process.argv[1], join(process.cwd(), 'index.js')]) {
    if (file === undefined) continue;
    const version = versionSeenFrom(file, name);
    if (version !== undefined) return version;
  }
  return process.versions[name];
}

/** The version of a package that a file gets when it loads it. */
export function versionSeenFrom(file: string, name: string): string | undefined {
  for (const folder of foldersAbove(file)) {
    const version = versionIn(join(folder, 'node_modules', name, 'package.json'), name);
    if (version !== undefined) return version;
  }
  try {
    // Where a package manager keeps packages elsewhere, Node knows where.
    const main = createRequire(file).resolve(name);
    for (const folder of foldersAbove(main)) {
      const version = versionIn(join(folder, 'package.json'), name);
      if (version !== undefined) return version;
    }
  } catch {
    // Not installed, or without an entry for `require`.
  }
  return undefined;
}

function* foldersAbove(file: string): Generator<string> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

function versionIn(file: string, name: string): string | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
    return found.name === name && typeof found.version === 'string' ? found.version : undefined;
  } catch {
    // No such file: the package is further up, or not installed.
    return undefined;
  }
}
