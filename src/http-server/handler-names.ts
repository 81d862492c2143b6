import type { ModulesContainer } from '@nestjs/core';
import { definePatch } from '../instrumentation/patch.js';
import { noteNotRouted } from '../trace/thrown.js';
import { ownerOf, responseOf } from './request-context.js';
import { ROUTING_METHODS } from './routing-methods.js';

const ROUTES = definePatch({
  package: '@nestjs/core',
  target: 'HttpAdapter.get, HttpAdapter.post and the other methods for routes',
  gives: '`handler` of requests that a guard refuses or no interceptor measures, on NestJS 11',
  without: '`handler` is missing where no interceptor ran',
  why: 'NestJS 11 gives the functions of its routes no name; NestJS 12 names them itself',
});
const NOT_FOUND = definePatch({
  package: '@nestjs/core',
  target: 'HttpAdapter.setNotFoundHandler',
  gives: 'no `route` for a request that only a host or version filter has matched',
  without: 'a request that a host or version filter has passed on is logged with its route',
  why: 'NestJS has no hook for requests that the not-found handler answers',
});

const HANDLER = Symbol.for('nestjs-tracing.v1.handler');
// The metadata that NestJS puts on a method with a route.
const PATH_METADATA = 'path';

type Register = (this: unknown, ...args: unknown[]) => unknown;
type Router = Record<string, Register>;
type RoutedRequest = object & { raw?: object };

/**
 * Names the functions that NestJS passes to the router after their controller's method, as NestJS
 * 12 does itself. The handler of a request is then known without running anything in it, and a
 * request that a guard refused has its name on the access log line.
 *
 * NestJS copies the metadata of a method to the function that it registers: the name gets there as
 * metadata.
 */
export function nameHandlers(modules: ModulesContainer, adapter: object): void {
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') markMethods(metatype);
    }
  }
  const router = adapter as Router;
  const methods = ROUTING_METHODS.filter((name) => typeof router[name] === 'function');
  if (methods.length === 0) ROUTES.unsupported('it has no method that registers a route');
  for (const name of methods) ROUTES.methodOfInstance(router, name, namingHandlers);
  NOT_FOUND.methodOfInstance(router, 'setNotFoundHandler', forgettingRoute);
}

function namingHandlers(register: Register): Register {
  return function (...args) {
    for (const handler of args) if (typeof handler === 'function') nameAsMarked(handler);
    return register.apply(this, args);
  };
}

/**
 * A host or version filter is inside the function that the router matched, and may pass the
 * request on. If the request ends at the not-found handler, no route has answered it.
 */
function forgettingRoute(setNotFoundHandler: Register): Register {
  return function (handler, ...rest) {
    const unrouted = function (this: unknown, request: RoutedRequest, ...args: unknown[]): unknown {
      const raw = request.raw ?? request;
      // A middleware that calls `next` twice, or late, gets here behind the route that has answered.
      const trace = responseOf(raw)?.headersSent === true ? undefined : ownerOf(raw);
      if (trace !== undefined) {
        trace.metadata.forgetRoute?.();
        noteNotRouted(trace);
      }
      return (handler as Register).call(this, request, ...args);
    };
    return setNotFoundHandler.call(this, unrouted, ...rest);
  };
}

function markMethods(controller: Function): void {
  let prototype: object | null = controller.prototype as object | null;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      if (typeof method !== 'function' || !Reflect.hasMetadata(PATH_METADATA, method)) continue;
      // A method that several controllers inherit is named after the class that declares it.
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
