import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/** The methods that NestJS calls on every driver. */
export const DRIVER_METHODS = ['start', 'stop', 'generateSchema', 'mergeDefaultOptions'] as const;
const DRIVER_TOKEN = 'AbstractGraphQLDriver';

/** Whether an application has a GraphQL endpoint, be its driver of a known shape or not. */
export function hasDriver(modules: ModulesContainer): boolean {
  for (const { providers } of modules.values()) {
    for (const [token, { metatype }] of providers) {
      if (isDriverClass(metatype) || isDriverToken(token)) return true;
    }
  }
  return false;
}

/** By its methods: an application may extend the classes of NestJS and rename them. */
export function isDriverClass(metatype: unknown): boolean {
  if (typeof metatype !== 'function') return false;
  const prototype: unknown = metatype.prototype;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return DRIVER_METHODS.every((method) => method in prototype);
}

export function isDriverToken(token: InjectionToken): boolean {
  return typeof token === 'function' && token.name === DRIVER_TOKEN;
}
