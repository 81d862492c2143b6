import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

// Where an application has a driver is not where this package can resolve it: behind an ORM, in a
// workspace, in several versions. CommonJS modules that are loaded can be listed, so each of their
// copies is found. ES modules cannot: those that the application declares are imported.

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

const NODE_MODULES = `${sep}node_modules${sep}`;
/** From here, Node loads `node:sqlite` without the warning of an experimental feature. */
const QUIET_SQLITE_MAJOR = 24;

/**
 * What the copies of a package export that the application has: those that are loaded, and those
 * that its `package.json` declares, which it may load later. A copy that is loaded after the
 * application has started is found only if it is one of these.
 *
 * @param name the package, an entry of it, or a module of Node: `pg`, `mariadb/callback`, `node:sqlite`.
 */
export async function copiesOf(name: string): Promise<ReadonlySet<object>> {
  if (name.startsWith('node:')) return builtinModule(name);
  const copies = loadedCopies(name);
  for (const root of rootFiles()) {
    for (const copy of await declaredCopies(root, name)) copies.add(copy);
  }
  return copies;
}

function builtinModule(name: string): ReadonlySet<object> {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  const isLoaded = moduleLoadList.includes(`NativeModule ${name.slice('node:'.length)}`);
  if (!isLoaded && Number.parseInt(process.versions.node) < QUIET_SQLITE_MAJOR) return new Set();
  const found: unknown = process.getBuiltinModule?.(name);
  return new Set(isObject(found) ? [found] : []);
}

/** The copies that are loaded as CommonJS, wherever they are. */
export function loadedCopies(name: string): Set<object> {
  const copies = new Set<object>();
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  const inside = `${NODE_MODULES}${packageOf(name).replaceAll('/', sep)}${sep}`;
  const folders = new Set<string>();
  for (const file of Object.keys(cache)) {
    const at = file.lastIndexOf(inside);
    // Not a dependency that is installed inside the package.
    if (at === -1 || file.indexOf(NODE_MODULES, at + inside.length - 1) !== -1) continue;
    folders.add(file.slice(0, at + inside.length));
  }
  for (const folder of folders) {
    try {
      const exported: unknown = cache[entryOf(folder, name)]?.exports;
      if (isObject(exported)) copies.add(exported);
    } catch {
      // Only a module from inside the package is loaded, or it has no entry for `require`.
    }
  }
  return copies;
}

/** The file that `require` of a package or of an entry gives. Resolving its folder leaves out `exports`. */
function entryOf(folder: string, specifier: string): string {
  const { resolve } = createRequire(join(folder, 'index.js'));
  const { name, exports } = manifestOf(folder) ?? {};
  const entry = specifier.slice(packageOf(specifier).length);
  const isExported = exports !== undefined && typeof name === 'string';
  return isExported ? resolve(name + entry) : resolve(join(folder, entry));
}

/** The package of a specifier: `mariadb` of `mariadb/callback`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The modules of the application from which its packages are looked for. */
function rootFiles(): ReadonlySet<string> {
  const [, main] = process.argv;
  return new Set([...(main === undefined ? [] : [main]), join(process.cwd(), 'index.js')]);
}

/** The copies that a file of the application would load, where a manifest above it declares them. */
async function declaredCopies(root: string, name: string): Promise<object[]> {
  const declaration = declarationAbove(root, packageOf(name));
  if (declaration === undefined) return [];
  const copies: unknown[] = [];
  // Those for development are loaded only where the application has done so.
  if (declaration === 'runtime') copies.push(requireFrom(root, name));
  const folder = folderOf(root, packageOf(name));
  const entry = `.${name.slice(packageOf(name).length)}`;
  const file = folder === undefined ? undefined : ownEsModule(folder, entry);
  if (file !== undefined) copies.push(await importFile(file));
  return copies.filter(isObject);
}

function declarationAbove(file: string, name: string): 'runtime' | 'development' | undefined {
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

function folderOf(file: string, name: string): string | undefined {
  for (const above of foldersAbove(file)) {
    const folder = join(above, 'node_modules', name);
    if (manifestOf(folder)?.name === name) return folder;
  }
  return undefined;
}

/**
 * The ES module of a package that is written as such. Where the package is CommonJS, its ES modules
 * export what `require` gives.
 */
function ownEsModule(folder: string, name: string): string | undefined {
  const { type, exports } = manifestOf(folder) ?? {};
  if (type !== 'module') return undefined;
  const exported: unknown = Object(exports)[name] ?? (name === '.' ? exports : undefined);
  const entry = conditionIn(exported, ['default', 'node', 'import']);
  return entry === undefined ? undefined : join(folder, entry);
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

async function importFile(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch {
    // The CommonJS build of this package requires it instead, which Node can do.
    return requireFrom(file, file);
  }
}

/** `undefined` where it is not installed or does not load: the application will hear of that itself. */
function requireFrom(file: string, name: string): unknown {
  try {
    return createRequire(file)(name);
  } catch {
    return undefined;
  }
}

function* foldersAbove(file: string): Generator<string> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

const manifests = new Map<string, Manifest | undefined>();

function manifestOf(folder: string): Manifest | undefined {
  if (!manifests.has(folder)) manifests.set(folder, readManifest(folder));
  return manifests.get(folder);
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return Object(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))) as Manifest;
  } catch {
    // No package.
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
