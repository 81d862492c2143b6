import { sharedState } from '../records/shared-state.js';
import { warnOnce } from '../records/warnings.js';
import { versionOf } from '../records/package-version.js';

/** What a change to somebody else's code is for; `docs/internals.md` is made of these. */
export interface PatchDescription {
  /** The package that is changed, as in `@nestjs/microservices`; `node` for Node itself. */
  readonly package: string;
  /** What is changed, as in `ListenersController.prototype.registerPatternHandlers`. */
  readonly target: string;
  /** What the change gives: `a trace for each message`. */
  readonly gives: string;
  /** What is missing without it, as the end of a sentence: `messages are not traced`. */
  readonly without: string;
  /** Why no public hook of the package serves instead. */
  readonly why: string;
}

// Shared by all copies of one release: two of them must not make a change twice.
const state = sharedState('patches', () => ({
  /** By the object that was changed: which of its members, by which patch. */
  changed: new WeakMap<object, Set<string>>(),
  /** The changes that are made. */
  applied: new Set<PatchDescription>(),
  /** What undoes them, in the order in which they were made. */
  undos: [] as (() => void)[],
}));

const defined: Patch[] = [];
const NOT_FOUND: ReadonlySet<unknown> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
]);

/**
 * A change to code that is not ours. All of them go through here, so that none is made to
 * something of another shape than expected, none is made twice, and all can be listed and undone.
 *
 * Where the shape does not fit, the patch does nothing and warns once with the code
 * `TRACING_UNSUPPORTED`, naming the package, its version and what will be missing. It never throws:
 * tracing must not fail an application's start because of somebody else's package.
 *
 * @example
 * const LISTENERS = definePatch({
 *   package: '@nestjs/microservices',
 *   target: 'ListenersController.prototype.registerPatternHandlers',
 *   gives: 'a trace for each message',
 *   without: 'messages are not traced',
 *   why: 'NestJS 11 has no hook in front of a handler',
 * });
 * LISTENERS.method(controller, 'registerPatternHandlers', (register) => function (...args) {
 *   return register.apply(this, args);
 * });
 */
export class Patch {
  constructor(readonly description: PatchDescription) {}

  /**
   * Replaces a method of an object that all applications of the process share: a prototype, a
   * module. It is undone when the last application closes, unless somebody has replaced it since.
   *
   * @returns whether the method is traced now, be it by this call or by an earlier one.
   */
  method<T extends object, K extends keyof T>(
    owner: T | undefined,
    name: K,
    wrap: (original: T[K] & Function) => T[K],
  ): boolean {
    const undo = this.replace(owner, name, wrap);
    if (typeof undo === 'boolean') return undo;
    this.noteApplied(undo);
    return true;
  }

  /**
   * The same for an object that belongs to one application, such as its HTTP adapter. It is not
   * undone: the object is gone when its application is.
   */
  methodOfInstance<T extends object, K extends keyof T>(
    owner: T | undefined,
    name: K,
    wrap: (original: T[K] & Function) => T[K],
  ): boolean {
    const undo = this.replace(owner, name, wrap);
    if (undo === false) return false;
    // Also where an earlier application has made it: a logger may serve several, one by one.
    this.noteApplied();
    return true;
  }

  /**
   * Notes a change that is made in another way, such as a hook that is chained. It may be called
   * for each request: once it is noted, a change without `undo` costs one look-up.
   *
   * @param undo puts back what was changed, when the last application closes.
   */
  noteApplied(undo?: () => void): void {
    state.applied.add(this.description);
    if (undo !== undefined) state.undos.push(undo);
  }

  /**
   * Reads an internal of the package. `undefined`, with the warning, where the way to it throws or
   * leads nowhere.
   *
   * @example
   * const modules = LISTENERS.read('container', () => this.container.getModules());
   */
  read<T>(what: string, access: () => T): T | undefined {
    try {
      const value = access();
      if (value === undefined || value === null) this.unsupported(`it has no ${what}`);
      return value ?? undefined;
    } catch {
      this.unsupported(`it has no ${what}`);
      return undefined;
    }
  }

  /**
   * Loads a module from inside the package. `undefined` where the package is not installed, which
   * is nothing to warn of; with the warning where the package is there and the module is not.
   */
  async load<T>(load: () => Promise<T>): Promise<T | undefined> {
    try {
      return await load();
    } catch (error) {
      if (!isNotFound(error) || versionOf(this.description.package) !== undefined) {
        this.unsupported(error instanceof Error ? error.message : String(error));
      }
      return undefined;
    }
  }

  /** Warns that the package has another shape than expected, and what will be missing. */
  unsupported(reason: string): void {
    const { package: name, target, without } = this.description;
    const version = versionOf(name) ?? 'of an unknown version';
    warnOnce(
      'TRACING_UNSUPPORTED',
      `${name} ${version} has another shape than expected: ${without} (${target}: ${reason})`,
      undefined,
      `${name} ${target}`,
    );
  }

  /** Replaces a member, and returns what puts the original back; a boolean where nothing is done. */
  private replace<T extends object, K extends keyof T>(
    owner: T | undefined,
    name: K,
    wrap: (original: T[K] & Function) => T[K],
  ): (() => void) | boolean {
    const { target } = this.description;
    const original: unknown = readMember(owner, name);
    if (owner === undefined || typeof original !== 'function') {
      this.unsupported(`\`${String(name)}\` is not a function`);
      return false;
    }
    const key = `${target} ${String(name)}`;
    const changed = state.changed.get(owner) ?? new Set();
    if (changed.has(key)) return true;
    const own = Object.getOwnPropertyDescriptor(owner, name);
    const replacement = wrap(original as T[K] & Function);
    try {
      lookLike(replacement as Function, original);
      Object.defineProperty(owner, name, {
        value: replacement,
        configurable: true,
        writable: true,
        enumerable: own?.enumerable ?? false,
      });
    } catch {
      this.unsupported(`\`${String(name)}\` cannot be replaced`);
      return false;
    }
    state.changed.set(owner, changed.add(key));
    return () => {
      // Somebody who has replaced it since calls ours, so it has to stay.
      if (Object.getOwnPropertyDescriptor(owner, name)?.value !== replacement) return;
      changed.delete(key);
      if (own === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, own);
    };
  }
}

/** Defines a change. Call it at the top of the module that makes it, so that it can be listed. */
export function definePatch(description: PatchDescription): Patch {
  const patch = new Patch(description);
  defined.push(patch);
  return patch;
}

/** All changes that this package knows how to make, by package and target. */
export function definedPatches(): readonly PatchDescription[] {
  return defined
    .map(({ description }) => description)
    .toSorted((a, b) => a.package.localeCompare(b.package) || a.target.localeCompare(b.target));
}

/** The changes that are made in this process, each with the version of its package. */
export function appliedPatches(): readonly (PatchDescription & { version: string | undefined })[] {
  return [...state.applied].map((patch) => ({
    ...patch,
    version: versionOf(patch.package),
  }));
}

/** Undoes what can be undone: for the end of the last application of the process. */
export function undoPatches(): void {
  state.applied.clear();
  // Those made last first: two may have changed one method.
  for (const undo of state.undos.splice(0).toReversed()) {
    try {
      undo();
    } catch {
      // An object that was sealed since stays as it is: the change does nothing without an application.
    }
  }
}

function isNotFound(error: unknown): boolean {
  return NOT_FOUND.has((Object(error) as NodeJS.ErrnoException).code);
}

function readMember<T extends object>(owner: T | undefined, name: keyof T): unknown {
  try {
    return owner?.[name];
  } catch {
    return undefined;
  }
}

/** Gives a replacement the name, the number of parameters and the properties of the original. */
function lookLike(replacement: Function, original: Function): void {
  if (replacement === original) return;
  const {
    prototype: _prototype,
    caller: _caller,
    arguments: _arguments,
    ...properties
  } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
  Object.defineProperties(replacement, properties);
}
