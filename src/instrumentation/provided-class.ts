import type { ModulesContainer } from '@nestjs/core';

/**
 * The prototypes of a class that a package provides and perhaps does not export. They are taken
 * from the container: an application without the package loads nothing, and one with two copies of
 * it has the right one changed.
 */
export function prototypesOf<T extends object>(
  modules: ModulesContainer,
  moduleName: string,
  className: string,
): T[] {
  const prototypes = new Set<T>();
  for (const { metatype, providers } of modules.values()) {
    if (metatype?.name !== moduleName) continue;
    for (const provider of providers.values()) {
      if (provider.metatype?.name === className) prototypes.add(provider.metatype.prototype as T);
    }
  }
  return [...prototypes];
}

/** The prototype that has a method of its own: that of a class, or of one that it extends. */
export function ownerOfMethod(
  prototype: object | null | undefined,
  method: string,
): object | undefined {
  let owner = prototype ?? null;
  while (owner !== null && !Object.hasOwn(owner, method)) {
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  return owner ?? undefined;
}
