type Callback = (...args: unknown[]) => unknown;

/** Makes a call of a method in place of its caller, and returns what the caller gets. */
export type CallObserver = (
  key: string | symbol,
  call: (...args: unknown[]) => unknown,
  args: unknown[],
) => unknown;

const observers = new WeakMap<object, CallObserver>();
/** For each prototype, what is put between it and an object. */
const layers = new WeakMap<object, object>();
/** What is read in place of a method, by the name under which it is read. */
const replacements = new WeakMap<object, Map<string | symbol, object>>();
const allReplacements = new WeakSet<object>();
/** The members of these are of every object. */
const COMMON: ReadonlySet<object> = new Set([Object.prototype, Function.prototype]);

/**
 * Lets an observer make each call of an object's methods. The object stays the same one, so that it can
 * be compared, used as a key, and passed to code that knows it by its identity or its private
 * fields: a layer between the object and its prototype sees its inherited methods, and its own methods
 * are replaced.
 *
 * @returns what ends this, or `undefined` if `method` cannot be observed, as of a frozen object;
 * the object is unchanged then.
 */
export function observeCalls(
  object: object,
  method: string,
  observer: CallObserver,
): (() => void) | undefined {
  const undo: (() => void)[] = [];
  const stop = (): void => {
    observers.delete(object);
    for (const restore of undo) restore();
  };
  try {
    insertLayer(object, undo);
    replaceOwnMethods(object, undo);
    observers.set(object, observer);
    if (allReplacements.has(Reflect.get(object, method) as object)) return stop;
  } catch {
    // It is a proxy that refuses this.
  }
  stop();
  return undefined;
}

function insertLayer(object: object, undo: (() => void)[]): void {
  const prototype = Reflect.getPrototypeOf(object);
  if (prototype === null || COMMON.has(prototype)) return;
  const layer = layerOf(prototype);
  if (!Reflect.setPrototypeOf(object, layer)) return;
  undo.push(() => {
    if (Reflect.getPrototypeOf(object) === layer) Reflect.setPrototypeOf(object, prototype);
  });
}

function layerOf(prototype: object): object {
  let layer = layers.get(prototype);
  if (layer !== undefined) return layer;
  layer = new Proxy(Object.create(prototype) as object, {
    get(_, key, object: object) {
      const value: unknown = Reflect.get(prototype, key, object);
      const isObserved = observers.has(object) && key !== 'constructor' && isMethod(value);
      return isObserved ? replacementOf(value, key) : value;
    },
  });
  layers.set(prototype, layer);
  return layer;
}

function replaceOwnMethods(object: object, undo: (() => void)[]): void {
  for (const key of Reflect.ownKeys(object)) {
    const own = Reflect.getOwnPropertyDescriptor(object, key);
    if (own?.configurable !== true || own.writable !== true || !isMethod(own.value)) continue;
    const value = replacementOf(own.value, key);
    Reflect.defineProperty(object, key, { ...own, value });
    undo.push(() => {
      const isOurs = Reflect.getOwnPropertyDescriptor(object, key)?.value === value;
      if (isOurs) Reflect.defineProperty(object, key, own);
    });
  }
}

/** A proxy, because a method may have members of its own, as a mock does. */
function replacementOf(method: Callback, key: string | symbol): object {
  let byKey = replacements.get(method);
  if (byKey === undefined) replacements.set(method, (byKey = new Map<string | symbol, object>()));
  let replacement = byKey.get(key);
  if (replacement !== undefined) return replacement;
  replacement = new Proxy(method, {
    apply(target, self: unknown, args: unknown[]) {
      const observer = isObject(self) ? observers.get(self) : undefined;
      if (observer === undefined) return Reflect.apply(target, self, args);
      return observer(key, (...given) => Reflect.apply(target, self, given), args);
    },
  });
  byKey.set(key, replacement);
  allReplacements.add(replacement);
  return replacement;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Functions that are classes, such as the model of a query, are values and no methods. */
function isMethod(value: unknown): value is Callback {
  if (typeof value !== 'function' || allReplacements.has(value)) return false;
  const prototype = Object.getOwnPropertyDescriptor(value, 'prototype');
  if (prototype === undefined) return true;
  const isClass = prototype.writable === false && /^class\b/.test(sourceOf(value));
  const members: unknown = prototype.value;
  const isPlain =
    typeof members !== 'object' ||
    members === null ||
    Reflect.ownKeys(members).every((key) => key === 'constructor');
  return !isClass && isPlain;
}

function sourceOf(value: Function): string {
  return Function.prototype.toString.call(value);
}
