import type { ModulesContainer } from '@nestjs/core';

/**
 * The prototypes of a class that a package provides and perhaps does not export. They are taken
 * from the container: for an application without the package nothing is loaded, and in one with two
 * copies of it the copy that is used is changed.
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

/** The prototype on which a method is defined: that of a class, or of one that it extends. */
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
