/**
 * State that every copy of this package in the process shares: an application may load the ESM
 * build itself and the CommonJS build through a dependency, and must still have one context.
 */
export function sharedState<T extends object>(name: string, create: () => T): T {
  const key = Symbol.for(`nestjs-tracing.${name}`);
  const registry = globalThis as unknown as Record<symbol, T | undefined>;
  return (registry[key] ??= create());
}
