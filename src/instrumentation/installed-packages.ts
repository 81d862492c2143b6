import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What is read of the manifest of a package. */
interface Manifest {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly exports?: unknown;
  readonly dependencies?: unknown;
  readonly optionalDependencies?: unknown;
  readonly peerDependencies?: unknown;
  readonly devDependencies?: unknown;
}

/** The modules of the application from which its packages are looked for. */
export function rootFiles(): ReadonlySet<string> {
  const [, main] = process.argv;
  return new Set([...(main === undefined ? [] : [main]), join(process.cwd(), 'index.js')]);
}

/** The package of a specifier: `mariadb` of `mariadb/callback`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** How a manifest above a file declares a package. */
export function declarationAbove(
  file: string,
  name: string,
): 'runtime' | 'development' | undefined {
  for (const folder of foldersAbove(file)) {
    const manifest = manifestOf(folder);
    if (manifest === undefined) continue;
    const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest;
    const runtime = [dependencies, optionalDependencies, peerDependencies];
    if (runtime.some((declared) => Object.hasOwn(Object(declared) as object, name))) {
      return 'runtime';
    }
    if (Object.hasOwn(Object(devDependencies) as object, name)) return 'development';
  }
  return undefined;
}

/**
 * The ES module that a file gets by `import`: the real path of the file, which need not be loaded.
 * `undefined` where the package is not installed, or where it is CommonJS: its ES modules export what
 * `require` gives.
 *
 * @param specifier a package, or an entry of it: `mariadb/callback`.
 */
export function esModuleSeenFrom(file: string, specifier: string): string | undefined {
  const name = packageOf(specifier);
  const folder = folderOf(file, name);
  if (folder === undefined) return undefined;
  const { type, exports } = manifestOf(folder) ?? {};
  if (type !== 'module') return undefined;
  const path = specifier.slice(name.length);
  try {
    // Without `exports` it is the `main` of the manifest, or the file that is named.
    if (exports === undefined) {
      return realpathSync(createRequire(join(folder, 'package.json')).resolve(join(folder, path)));
    }
    const entry = entryIn(exports, `.${path}`);
    return entry === undefined ? undefined : realpathSync(join(folder, entry));
  } catch {
    // The manifest names a file that is not there.
    return undefined;
  }
}

function folderOf(file: string, name: string): string | undefined {
  for (const packages of packageFoldersAbove(dirname(file))) {
    const folder = join(packages, name);
    if (manifestOf(folder)?.name === name) return folder;
  }
  return undefined;
}

/** By folder: a start asks for some twenty packages, and few of the folders above it have any. */
const packageFolders = new Map<string, readonly string[]>();

/** The `node_modules` that are seen from a folder, the nearest first. */
function packageFoldersAbove(folder: string): readonly string[] {
  const known = packageFolders.get(folder);
  if (known !== undefined) return known;
  const own = join(folder, 'node_modules');
  const above = folder === dirname(folder) ? [] : packageFoldersAbove(dirname(folder));
  const found = existsSync(own) ? [own, ...above] : above;
  packageFolders.set(folder, found);
  return found;
}

/** The file that `exports` gives an entry, which may be named by a pattern, as in `./*`. */
function entryIn(exports: unknown, entry: string): string | undefined {
  const entries = Object(exports) as Record<string, unknown>;
  const exact: unknown = entries[entry] ?? (entry === '.' ? exports : undefined);
  if (exact !== undefined) return conditionIn(exact, ['default', 'node', 'import']);
  const file = conditionIn(entries['./*'], ['default', 'node', 'import']);
  return file?.replace('*', entry.slice('./'.length));
}

/** The file that an entry of `exports` names under these conditions. */
function conditionIn(entry: unknown, conditions: readonly string[]): string | undefined {
  if (typeof entry === 'string') return entry;
  for (const [condition, target] of Object.entries(Object(entry) as object)) {
    if (!conditions.includes(condition)) continue;
    const file = conditionIn(target, conditions);
    if (file !== undefined) return file;
  }
  return undefined;
}

function* foldersAbove(file: string): Generator<string> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

const manifests = new Map<string, Manifest | undefined>();

/** What the manifest in a folder says; `undefined` where there is none. */
export function manifestOf(folder: string): Manifest | undefined {
  if (!manifests.has(folder)) manifests.set(folder, readManifest(folder));
  return manifests.get(folder);
}

function readManifest(folder: string): Manifest | undefined {
  const file = join(folder, 'package.json');
  // Most folders have none, and an error is made slowly.
  if (!existsSync(file)) return undefined;
  try {
    return Object(JSON.parse(readFileSync(file, 'utf8'))) as Manifest;
  } catch {
    // Not one that npm could read.
    return undefined;
  }
}
