import type { ModulesContainer } from '@nestjs/core';
import { ownerOf } from './request-context.js';

const HANDLER = Symbol.for('nestjs-tracing.v1.handler');
const NAMING = Symbol.for('nestjs-tracing.v1.naming');
// The metadata that NestJS puts on a method with a route.
const PATH_METADATA = 'path';
const ROUTING_METHODS = [
  'get',
  'post',
  'put',
  'patch',
  'delete',
  'head',
  'options',
  'all',
  'search',
  'propfind',
  'proppatch',
  'mkcol',
  'copy',
  'move',
  'lock',
  'unlock',
];

type Register = (...args: unknown[]) => unknown;
type Routed = object & { raw?: object };

/**
 * Gives the functions that NestJS hands to the router the name of their controller's method, as
 * NestJS 12 does itself. So the handler of a request is known although nothing of ours runs in
 * it, and a guard that refused has a name on the finish line.
 *
 * NestJS copies the metadata of a method to the function that it registers. That is how the name
 * gets there.
 */
export function nameHandlers(modules: ModulesContainer, adapter: object): void {
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') markMethods(metatype);
    }
  }
  const router = adapter as Record<string, Register | undefined> & { [NAMING]?: true };
  // A module that is imported twice comes here twice.
  if (router[NAMING]) return;
  router[NAMING] = true;
  forgetRouteWhereNoneAnswers(router);
  for (const name of ROUTING_METHODS) {
    const register = router[name];
    if (typeof register !== 'function') continue;
    router[name] = function (...args) {
      for (const handler of args) if (typeof handler === 'function') nameAsMarked(handler);
      return register.apply(this, args);
    };
  }
}

/**
 * A host or version filter sits inside the function that the router matched, and passes the
 * request on. If it ends at the not-found handler, no route has answered it.
 */
function forgetRouteWhereNoneAnswers(router: Record<string, Register | undefined>): void {
  const { setNotFoundHandler } = router;
  router['setNotFoundHandler'] = function (handler, ...rest) {
    const unrouted = function (this: unknown, request: Routed, ...args: unknown[]): unknown {
      ownerOf(request.raw ?? request)?.metadata.forgetRoute?.();
      return (handler as Register).call(this, request, ...args);
    };
    return setNotFoundHandler?.call(this, unrouted, ...rest);
  };
}

function markMethods(controller: Function): void {
  let prototype: object | null = controller.prototype as object | null;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      if (typeof method !== 'function' || !Reflect.hasMetadata(PATH_METADATA, method)) continue;
      // A method that several controllers inherit goes by the class that declares it.
      Reflect.defineMetadata(HANDLER, `${prototype.constructor.name}.${key}`, method);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}

function nameAsMarked(handler: Function): void {
  const value: unknown = Reflect.getMetadata(HANDLER, handler);
  if (typeof value !== 'string' || handler.name.includes('.')) return;
  Object.defineProperty(handler, 'name', { configurable: true, value });
}
