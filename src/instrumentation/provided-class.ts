import type { ModulesContainer } from '@nestjs/core';

/**
 * The prototypes of a class that a package provides and perhaps does not export. They are taken
 * from the container: for an application without the package nothing is loaded, and in one with two
 * copies of it the copy that is used is changed.
 *
 * @param isModule whether a module is the package's. Its name alone does not say so: other packages
 *   have a `BullModule` too.
 */
export function prototypesOf<T extends object>(
  modules: ModulesContainer,
  isModule: (type: Function) => boolean,
  className: string,
): T[] {
  const prototypes = new Set<T>();
  for (const { metatype, providers } of modules.values()) {
    if (metatype === undefined || !isModule(metatype)) continue;
    for (const provider of providers.values()) {
      if (provider.metatype?.name === className) prototypes.add(provider.metatype.prototype as T);
    }
  }
  return [...prototypes];
}

/** The objects that an application's providers are, as far as they are made. */
export function* providedObjects(modules: ModulesContainer): Generator<object> {
  for (const { providers } of modules.values()) {
    for (const { instance } of providers.values()) {
      if (typeof instance === 'object' && instance !== null) yield instance as object;
    }
  }
}

/** Whether an object, or what it inherits from, has all of these methods. */
export function hasMethods(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof memberOf(value, name)?.value === 'function');
}

/** A member of an object or of what it inherits from, without running a getter. */
function memberOf(value: object, name: string): PropertyDescriptor | undefined {
  const owner = ownerOf(value, name);
  return owner === undefined ? undefined : Object.getOwnPropertyDescriptor(owner, name);
}

/** The object that has a member of its own: this one, or one that it inherits from. */
export function ownerOf(value: object, name: string): object | undefined {
  let owner: object | null = value;
  while (owner !== null && !Object.hasOwn(owner, name)) {
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  return owner ?? undefined;
}
