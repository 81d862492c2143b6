import type { ModulesContainer } from '@nestjs/core';
import { types } from 'node:util';

/**
 * The queues and flow producers of an application: those that are provided, and those that its own
 * classes have made by hand and keep in a field.
 */
export function* queuesOf(modules: ModulesContainer): Generator<object> {
  for (const { providers } of modules.values()) {
    for (const { instance, metatype } of providers.values()) {
      if (typeof instance !== 'object' || instance === null || types.isProxy(instance)) continue;
      const provided = instance as object;
      if (isQueueLike(provided)) yield provided;
      // What a factory returns may be anything, and of any size.
      if (provided.constructor !== metatype) continue;
      for (const key of Object.keys(provided)) {
        const value: unknown = Object.getOwnPropertyDescriptor(provided, key)?.value;
        if (isQueueLike(value)) yield value;
      }
    }
  }
}

/** Quick, as it is asked of all fields of all providers. */
export function isQueueLike(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return !types.isProxy(value) && 'waitUntilReady' in value && 'addBulk' in value;
}
