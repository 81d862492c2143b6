import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire, Module } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { sharedState } from '../records/shared-state.js';
import { definePatch } from './patch.js';

/** What Node calls to compile a file. Packages that transpile call it too. */
type Compile = (this: Module, source: string, file: string, format: string) => unknown;

/** What the channels of `require` and `import` publish. */
interface LoadMessage {
  readonly id?: unknown;
  readonly url?: unknown;
  readonly parentFilename?: unknown;
  readonly parentURL?: unknown;
  readonly result?: unknown;
}

const LOADED = definePatch({
  package: 'node',
  target: 'Module.prototype._compile (called only)',
  gives: 'the ES modules that the application has loaded, without loading those that it has not',
  without: 'a package that is an ES module is traced only where a container holds its objects',
  why: '`require.cache` lists CommonJS modules, and Node has nothing that lists ES modules',
});
const REQUIRE = definePatch({
  package: 'node',
  target: 'Module.prototype.require',
  gives: 'packages that are loaded after the application has started, on Node 20',
  without: 'packages that are loaded after the application has started are not traced',
  why: 'Node 20 has no diagnostics channel for what is loaded',
});

/** It does not compile as an ES module, whatever comes to be allowed. */
const NO_MODULE = 'import 1';
/** Of different imports. One that is made for each request is looked at once. */
const MAX_SEEN = 2000;
const MAX_KEY_LENGTH = 2048;

const state = sharedState('loaded-modules', () => ({
  listeners: new Set<() => void>(),
  seen: new Set<string>(),
  depth: 0,
  hasChannels: false,
  /** Whether listeners are called now, which may load something themselves. */
  isTelling: false,
}));
/** Modules of Node that are traced, and may be loaded late. */
const TRACED_BUILTIN = 'node:sqlite';

/**
 * Whether modules are loaded by Node. A test runner such as Jest loads them itself, and what Node has
 * loaded says nothing then.
 */
export function isNodeLoading(): boolean {
  return (isLoadedByNode ??= createRequire('/').cache === Reflect.get(Module, '_cache'));
}

/** It does not change while the process runs. */
let isLoadedByNode: boolean | undefined;

/**
 * What an ES module exports, if the application has loaded it; nothing is loaded here. It is asked for
 * as `require` would, with a text that does not compile in place of its source: Node gives the module
 * that it has, and else fails before it notes anything.
 *
 * @param file its real path.
 */
export function loadedEsModule(file: string): object | undefined {
  const { _compile: compile } = Module.prototype as { _compile?: Compile };
  if (typeof compile !== 'function') {
    LOADED.unsupported('it has no `_compile`');
    return undefined;
  }
  const asked = new Module(file);
  asked.filename = file;
  asked.paths = [];
  try {
    compile.call(asked, NO_MODULE, file, 'module');
    LOADED.noteApplied();
    return types.isModuleNamespaceObject(asked.exports) ? asked.exports : undefined;
  } catch {
    // It is not loaded, or not loaded to the end.
    return undefined;
  }
}

/** What a module exports that is loaded, or about to be. */
export async function importFile(file: string): Promise<object> {
  return (await import(pathToFileURL(file).href)) as object;
}

/**
 * Calls a function when the application has loaded a module that may have loaded others: by `import()`
 * or `require`, in whatever way on Node 22 and later. Node 20 shows only what `require` loads.
 *
 * It is called before the code that asked for the module goes on. It ends with the last application.
 */
export function onLoaded(listener: () => void): void {
  const isFirst = state.listeners.size === 0;
  state.listeners.add(listener);
  if (!isFirst || !isNodeLoading()) return;
  subscribe('tracing:module.require:start', begin);
  subscribe('tracing:module.require:end', end);
  subscribe('tracing:module.import:asyncEnd', imported);
  LOADED.noteApplied(stop);
  createRequire(process.execPath)('node:module');
  if (!state.hasChannels) watchRequire();
}

function stop(): void {
  state.listeners.clear();
  state.seen.clear();
  state.depth = 0;
  unsubscribe('tracing:module.require:start', begin);
  unsubscribe('tracing:module.require:end', end);
  unsubscribe('tracing:module.import:asyncEnd', imported);
}

function begin(): void {
  state.hasChannels = true;
  state.depth++;
}

function end(message: unknown): void {
  state.depth = Math.max(state.depth - 1, 0);
  const { id, parentFilename } = message as LoadMessage;
  if (state.depth === 0) note(id, parentFilename);
}

function imported(message: unknown): void {
  const { url, parentURL, result } = message as LoadMessage;
  if (result !== undefined) note(url, parentURL);
}

function note(specifier: unknown, from: unknown): void {
  const { seen, listeners, isTelling } = state;
  if (isTelling || (String(specifier).startsWith('node:') && specifier !== TRACED_BUILTIN)) return;
  const key = `${String(from)} ${String(specifier)}`;
  if (seen.has(key) || seen.size >= MAX_SEEN || key.length > MAX_KEY_LENGTH) return;
  seen.add(key);
  state.isTelling = true;
  try {
    for (const listener of listeners) listener();
  } catch {
    // Loading a module must not fail because something in it cannot be traced.
  } finally {
    state.isTelling = false;
  }
}

function watchRequire(): void {
  REQUIRE.method(
    Module.prototype,
    'require',
    (require) =>
      function (this: Module, id) {
        state.depth++;
        try {
          return require.call(this, id) as unknown;
        } finally {
          end({ id, parentFilename: this.filename });
        }
      },
  );
}
