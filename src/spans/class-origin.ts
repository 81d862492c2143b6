import { realpathSync } from 'node:fs';
import { types } from 'node:util';
import { inspectFunctions, internalProperty } from './inspected-functions.js';

/** Who has written a class: the application, a package that it has installed, or Node and its language. */
export type ClassOrigin = 'application' | 'package' | 'platform';

const PACKAGE_FOLDER = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//;

/** Node's own classes that are not native, where no inspector can tell. */
const PLATFORM_MODULES = [
  ...[
    'async_hooks',
    'buffer',
    'child_process',
    'console',
    'crypto',
    'dgram',
    'dns',
    'events',
    'fs',
  ],
  ...['http', 'http2', 'https', 'net', 'perf_hooks', 'readline', 'stream', 'string_decoder', 'tls'],
  ...['tty', 'url', 'util', 'vm', 'worker_threads', 'zlib'],
] as const;

const known = new WeakMap<Function, ClassOrigin>();

/**
 * Finds out who has written each class, from the file that its source is in, which the inspector
 * knows. Asking it takes about a tenth of a second, so each class is looked up once in a process. A
 * bundled application is one file, so all classes in it count as the application's. Where Node
 * has no inspector or denies it, so does every class that is not of Node or its language.
 */
export function originsOf(classes: Iterable<Function>): ReadonlyMap<Function, ClassOrigin> {
  const all = [...classes];
  const unknown = all.filter((made) => !known.has(made));
  if (unknown.length > 0) {
    const files = filesOf(unknown);
    const platform = files === undefined ? platformClasses() : undefined;
    const root = packageRoot(mainFile());
    for (const [index, made] of unknown.entries()) {
      const isPlatform = isNative(made) || platform?.has(made) === true;
      known.set(made, isPlatform ? 'platform' : originOf(files?.[index], root));
    }
  }
  return new Map(all.map((made) => [made, known.get(made)!]));
}

function originOf(file: string | undefined, root: string | undefined): ClassOrigin {
  if (file === undefined) return 'application';
  if (file.startsWith('node:')) return 'platform';
  const ofPackage = packageRoot(file);
  return ofPackage === undefined || ofPackage === root ? 'application' : 'package';
}

/** The folder of the package that a file belongs to, with forward slashes. */
function packageRoot(file: string | undefined): string | undefined {
  const path = file?.replaceAll('\\', '/').replace(/^file:\/\/(?:\/(?=[A-Za-z]:))?/, '');
  return path?.match(PACKAGE_FOLDER)?.[0];
}

/** An application may be installed as a package itself, as one that is started by npx. */
function mainFile(): string | undefined {
  const [, main] = process.argv;
  if (main === undefined) return undefined;
  try {
    return realpathSync(main);
  } catch {
    // It is no file, or Node's permissions deny reading it.
    return main;
  }
}

/** A proxy or a bound function looks native too. */
function isNative(made: Function): boolean {
  return (
    !types.isProxy(made) &&
    Object.hasOwn(made, 'prototype') &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(made))
  );
}

function platformClasses(): Set<unknown> {
  const classes = new Set<unknown>();
  for (const name of PLATFORM_MODULES) {
    const exported = process.getBuiltinModule(name);
    for (const value of [exported, ...valuesOf(exported)]) classes.add(value);
  }
  for (const value of valuesOf(globalThis)) classes.add(value);
  return classes;
}

/** Without those of getters, which may load something or warn. */
function valuesOf(object: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }): unknown => value);
}

/** The files of functions, in their order. `undefined` without an inspector. */
function filesOf(functions: readonly Function[]): (string | undefined)[] | undefined {
  return inspectFunctions(functions, (session, items) => {
    const files = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.post('Debugger.enable');
    return items.map((item) => {
      const location = internalProperty(session, item, '[[FunctionLocation]]');
      const { scriptId } = (location?.value ?? {}) as { scriptId?: string };
      return scriptId === undefined ? undefined : files.get(scriptId);
    });
  });
}
