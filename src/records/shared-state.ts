/**
 * Returns state that all copies of this release in the process share. An application may load the
 * ESM build itself and the CommonJS build through a dependency, and must still have one context.
 *
 * The name contains a version. It is increased when the shape of any shared state changes, so that
 * two releases in one process do not read each other's state by accident.
 */
export function sharedState<T extends object>(name: string, create: () => T): T {
  const key = Symbol.for(`nestjs-tracing.v1.${name}`);
  const known: unknown = Reflect.get(globalThis, key);
  if (known !== undefined) return known as T;
  const state = create();
  Reflect.set(globalThis, key, state);
  return state;
}
