import type { ModulesContainer } from '@nestjs/core';
import { SKIP_ACCESS_LOG } from './skip-access-log.decorator.js';

/** Whether the access log lines of a handler, named `Class.method`, are left out. */
export type IsSkipped = (handler: string) => boolean;

/**
 * Finds the handlers of an application that have `@SkipAccessLog()`, with the first question: by
 * then, all of its classes are known. The name of a handler is known of every request and message,
 * also where a guard has refused it.
 */
export function skippedHandlers(modules: ModulesContainer): IsSkipped {
  let names: ReadonlySet<string> | undefined;
  return (handler) => {
    names ??= namesIn(modules);
    return names.size > 0 && names.has(handler);
  };
}

function namesIn(modules: ModulesContainer): ReadonlySet<string> {
  const skipped = new Set<string>();
  const written = new Set<string>();
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      if (typeof metatype === 'function') addNames(metatype, skipped, written);
    }
  }
  // A line too many is better than one that is missing.
  for (const name of written) skipped.delete(name);
  return skipped;
}

function addNames(metatype: Function, skipped: Set<string>, written: Set<string>): void {
  const isClassSkipped = Reflect.hasMetadata(SKIP_ACCESS_LOG, metatype);
  let prototype = metatype.prototype as object | null | undefined;
  const seen = new Set<string>();
  while (prototype !== null && prototype !== undefined && prototype !== Object.prototype) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      // A method that a subclass overrides is not its handler.
      if (typeof method !== 'function' || seen.has(key)) continue;
      seen.add(key);
      const names =
        isClassSkipped || Reflect.hasMetadata(SKIP_ACCESS_LOG, method) ? skipped : written;
      // On NestJS 11, a method that is inherited may be named after the class that declares it.
      names.add(`${metatype.name}.${key}`).add(`${prototype.constructor.name}.${key}`);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
