import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import {
  declarationAbove,
  esModuleSeenFrom,
  manifestOf,
  packageOf,
  rootFiles,
} from '../installed-packages.js';
import { importFile, isNodeLoading, loadedEsModule } from '../loaded-modules.js';

// Where an application has a driver is not where this package can resolve it: behind an ORM, in a
// workspace, in several versions. What is loaded is asked instead. Nothing is loaded here that the
// application has not loaded itself.

const NODE_MODULES = `${sep}node_modules${sep}`;
/** From here, Node loads `node:sqlite` without the warning of an experimental feature. */
const QUIET_SQLITE_MAJOR = 24;

/**
 * What the copies of a package export that the application has loaded.
 *
 * @param name the package, an entry of it, or a module of Node: `pg`, `mariadb/callback`, `node:sqlite`.
 * @param files of the packages that are looked for, as {@link requiredFiles} returns them.
 */
export function copiesOf(name: string, files: readonly string[]): ReadonlySet<object> {
  if (name.startsWith('node:')) return builtinModule(name);
  const copies = requiredCopies(name, files);
  if (!isNodeLoading()) return copies;
  for (const root of rootFiles()) {
    const file = esModuleSeenFrom(root, name);
    const copy = file === undefined ? undefined : loadedEsModule(file);
    if (copy !== undefined) copies.add(copy);
  }
  return copies;
}

/** The files of packages that are loaded as CommonJS: of thousands, so they are looked for once. */
export function requiredFiles(packages: readonly string[]): readonly string[] {
  const names = packages.map((name) =>
    packageOf(name)
      .replace(/[^\w/]/g, '\\$&')
      .replace('/', '[\\\\/]'),
  );
  const inside = new RegExp(`[\\\\/]node_modules[\\\\/](?:${names.join('|')})[\\\\/]`);
  return Object.keys(createRequire('/').cache).filter((file) => inside.test(file));
}

/**
 * The same where a test runner loads the modules, which does not say what it has loaded: also those
 * that `package.json` declares.
 */
export async function declaredCopiesOf(name: string): Promise<ReadonlySet<object>> {
  const copies = new Set<object>();
  if (isNodeLoading() || name.startsWith('node:')) return copies;
  for (const root of rootFiles()) {
    for (const copy of await declaredCopies(root, name)) copies.add(copy);
  }
  return copies;
}

/** What the copies of one package export: those that are loaded, or that a test runner may load. */
export async function foundCopiesOf(name: string): Promise<ReadonlySet<object>> {
  return new Set([...copiesOf(name, requiredFiles([name])), ...(await declaredCopiesOf(name))]);
}

/** Whether a package that is CommonJS is loaded, from wherever. */
export function isLoaded(name: string): boolean {
  return requiredFiles([name]).length > 0;
}

/** Whether the application declares a package for its run time, and so may load it at any time. */
export function isDeclared(name: string): boolean {
  return [...rootFiles()].some((root) => declarationAbove(root, packageOf(name)) === 'runtime');
}

function builtinModule(name: string): ReadonlySet<object> {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  const isLoaded = moduleLoadList.includes(`NativeModule ${name.slice('node:'.length)}`);
  // The list of a test runner's `process` may be a copy.
  const isQuiet = Number.parseInt(process.versions.node) >= QUIET_SQLITE_MAJOR;
  if (!isLoaded && (isNodeLoading() || !isQuiet)) return new Set();
  const found: unknown = process.getBuiltinModule?.(name);
  return new Set(isObject(found) ? [found] : []);
}

/** The copies that are loaded as CommonJS, wherever they are. */
function requiredCopies(name: string, files: readonly string[]): Set<object> {
  const copies = new Set<object>();
  if (files.length === 0) return copies;
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  const inside = `${NODE_MODULES}${packageOf(name).replaceAll('/', sep)}${sep}`;
  const folders = new Set<string>();
  for (const file of files) {
    const at = file.lastIndexOf(inside);
    // Not a dependency that is installed inside the package.
    if (at === -1 || file.indexOf(NODE_MODULES, at + inside.length - 1) !== -1) continue;
    folders.add(file.slice(0, at + inside.length));
  }
  for (const folder of folders) {
    try {
      const entry = entryOf(folder, name);
      // `mysql2/promise` does not load the main entry, which leads to the same classes.
      const isMain = name === packageOf(name) && manifestOf(folder)?.type !== 'module';
      const exported: unknown = cache[entry]?.exports ?? (isMain && createRequire(entry)(entry));
      if (isObject(exported)) copies.add(exported);
    } catch {
      // It has no entry for `require`, or does not load.
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

/** The copies that a file of the application would load, where a manifest above it declares them. */
async function declaredCopies(root: string, name: string): Promise<object[]> {
  const declaration = declarationAbove(root, packageOf(name));
  if (declaration === undefined) return [];
  const copies: unknown[] = [];
  // Those for development are loaded only where the application has done so.
  if (declaration === 'runtime') copies.push(requireFrom(root, name));
  const file = esModuleSeenFrom(root, name);
  if (file !== undefined) copies.push(await importOrRequire(file));
  return copies.filter(isObject);
}

async function importOrRequire(file: string): Promise<unknown> {
  try {
    return await importFile(file);
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

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
