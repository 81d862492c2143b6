import type { HttpAdapterHost } from '@nestjs/core';
import { resumeTrace, runsInTrace } from '../context/trace-store.js';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';
import { keepThrown } from '../trace/thrown.js';
import { traceOf } from './request-context.js';
import { bindExpressLayers } from './express-layers.js';
import { noteThrownErrors } from './thrown-errors.js';
import { ROUTING_METHODS } from './routing-methods.js';

const BOUNDARY = definePatch({
  package: '@nestjs/core',
  target: 'HttpAdapter: methods that register routes, middleware and handlers of errors',
  gives: "handlers run in their request's trace, also where `next` was called by another request",
  without: 'code behind a middleware that loses the async context is not in a trace',
  why: 'the async context is that of the code that calls `next`; only the request itself is certain',
});
const FASTIFY_HOOKS = definePatch({
  package: 'fastify',
  target: 'addHook, setErrorHandler, setNotFoundHandler, addContentTypeParser of the instance',
  gives:
    "hooks, parsers and handlers of errors run in their request's trace, also those that a timer or a socket starts",
  without:
    'hooks, parsers and handlers behind a hook that loses the async context are not in a trace',
  why: 'a hook runs in the async context of the code that has completed the hook before it',
});

/** What other methods register: middleware, and the handlers of errors and of unknown routes. */
const OTHER_METHODS = ['use', 'setErrorHandler', 'setNotFoundHandler'];
/** Fastify's hooks that have the request as their first argument. */
const REQUEST_HOOKS = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onError',
  'onTimeout',
  'onRequestAbort',
] as const;

/** Fastify's methods that register other functions which have a request among their arguments. */
const FASTIFY_METHODS = ['setErrorHandler', 'setNotFoundHandler', 'addContentTypeParser'] as const;

type Handler = (this: unknown, ...args: unknown[]) => unknown;
type Register = (this: unknown, ...args: unknown[]) => unknown;
type Adapter = Record<string, Register>;
type Middleware = (path: string, callback: unknown) => unknown;
type RouteOptions = Record<string, unknown>;

interface FastifyInstance {
  addHook(this: FastifyInstance, name: string, hook: (options: RouteOptions) => void): unknown;
}

/** Handlers that were made here. One may be registered through two of the methods. */
const bound = sharedState('bound-handlers', () => new WeakSet<object>());

/**
 * Makes the request the authority about the trace, where a platform passes a request to NestJS: a
 * middleware before may have called `next` in the async context of another request, or in none, as
 * session stores and connection pools do. What is registered on the adapter from now on runs in the
 * trace of the request that it is given. Where all is well, this costs one comparison.
 */
export async function bindRequestHandlers(host: HttpAdapterHost): Promise<void> {
  const bindAdapter = (): void => {
    const adapter: object | undefined = host.httpAdapter;
    if (adapter !== undefined && adapter !== null) bindHandlersOf(adapter);
  };
  bindAdapter();
  // In a test, the application gets its adapter after its providers were made.
  host.init$?.subscribe(bindAdapter);
  await noteThrownErrors(host);
}

function bindHandlersOf(target: object): void {
  const adapter = target as Adapter;
  if (bindExpressLayers(target, bindHandlers)) return;
  for (const name of [...ROUTING_METHODS, ...OTHER_METHODS]) {
    if (typeof adapter[name] === 'function') {
      BOUNDARY.methodOfInstance(adapter, name, bindingArguments);
    }
  }
  if (typeof adapter['createMiddlewareFactory'] === 'function') {
    BOUNDARY.methodOfInstance(adapter, 'createMiddlewareFactory', bindingMiddleware);
  }
  bindHooksOf(adapter['getInstance']?.());
}

function bindingArguments(register: Register): Register {
  return function (...args) {
    return register.apply(this, args.map(bindArgument));
  };
}

function bindingMiddleware(createFactory: Register): Register {
  const binding =
    (factory: Middleware): Middleware =>
    (path, callback) =>
      factory(path, bindHandlers(callback));
  return function (...args) {
    const factory = createFactory.apply(this, args);
    // Fastify's adapter has to load its support for middleware first.
    return factory instanceof Promise ? factory.then(binding) : binding(factory as Middleware);
  };
}

/**
 * Fastify's hooks, also those of single routes, and what else it calls with a request. Plugins
 * inherit these methods from the instance.
 */
function bindHooksOf(instance: unknown): void {
  const { addHook } = Object(instance) as Partial<FastifyInstance>;
  if (typeof addHook !== 'function') return;
  FASTIFY_HOOKS.methodOfInstance(instance as FastifyInstance, 'addHook', (add) => {
    return function (name, hook) {
      const isOfRequest = (REQUEST_HOOKS as readonly string[]).includes(name);
      return add.call(this, name, isOfRequest ? (bindHandlers(hook) as typeof hook) : hook);
    };
  });
  for (const name of FASTIFY_METHODS) {
    FASTIFY_HOOKS.methodOfInstance(
      instance as Adapter,
      name,
      name === 'setErrorHandler' ? bindingErrorHandlers : bindingArguments,
    );
  }
  try {
    addHook.call(instance as FastifyInstance, 'onRoute', bindRoute);
  } catch {
    // The instance has started already: it takes no more hooks.
  }
}

function bindingErrorHandlers(register: Register): Register {
  return function (handler, ...rest) {
    return register.call(this, bindErrorHandler(handler), ...rest);
  };
}

/** A handler of errors of Fastify, which also notes what was thrown. */
function bindErrorHandler(handler: unknown): unknown {
  if (typeof handler !== 'function' || bound.has(handler)) return handler;
  const noting: Handler = function (error, request, ...rest) {
    const trace = traceOf(request);
    if (trace !== undefined) keepThrown(trace, error);
    return (handler as Handler).call(this, error, request, ...rest);
  };
  return bindHandlers(lookLike(noting, handler as Handler));
}

function bindArgument(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !hasHooks(value)) return bindHandlers(value);
  const options: RouteOptions = { ...value };
  bindRoute(options);
  return options;
}

/** Whether an object has hooks, as the options of a handler for unknown routes may. */
function hasHooks(value: object): boolean {
  return REQUEST_HOOKS.some((name) => name in value);
}

function bindRoute(options: RouteOptions): void {
  for (const name of [...REQUEST_HOOKS, 'handler']) {
    if (options[name] !== undefined) options[name] = bindHandlers(options[name]);
  }
  if (options['errorHandler'] !== undefined) {
    options['errorHandler'] = bindErrorHandler(options['errorHandler']);
  }
}

/** Binds a handler, or each of a list of them. Anything else, such as a path, stays as it is. */
function bindHandlers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bindHandlers);
  if (typeof value !== 'function' || bound.has(value) || isExpressApplication(value)) return value;
  const handler = value as Handler;
  const binding = handler.length === 4 ? errorFirst(handler) : requestFirst(handler);
  bound.add(lookLike(binding, handler));
  return binding;
}

/** Express mounts an application in another way than a function. It opens traces itself. */
function isExpressApplication(value: object): boolean {
  const { handle, set } = value as { handle?: unknown; set?: unknown };
  return typeof handle === 'function' && typeof set === 'function';
}

function requestFirst(handler: Handler): Handler {
  return function (request, a, b, c, d) {
    // What handles an error may have it in front of the request, with any number of parameters.
    const trace = traceOf(request) ?? traceOf(a);
    if (trace === undefined || runsInTrace(trace)) {
      return callWith(handler, this, request, a, b, c, d);
    }
    return callInTrace(trace, handler, this, request, a, b, c, d);
  };
}

/** A handler with four parameters has the error first, except for Fastify's hooks. */
function errorFirst(handler: Handler): Handler {
  return function (error, request, a, b, c) {
    const trace = traceOf(request) ?? traceOf(error);
    if (trace === undefined || runsInTrace(trace)) {
      return callWith(handler, this, error, request, a, b, c);
    }
    return callInTrace(trace, handler, this, error, request, a, b, c);
  };
}

/**
 * Calls a handler with as many arguments as there are: one with a rest parameter takes the last of
 * them for `next`. Platforms pass two to five. A list of them would cost memory at each call.
 */
function callWith(
  handler: Handler,
  self: unknown,
  first: unknown,
  second: unknown,
  third: unknown,
  fourth: unknown,
  fifth: unknown,
): unknown {
  if (fifth !== undefined) return handler.call(self, first, second, third, fourth, fifth);
  if (fourth !== undefined) return handler.call(self, first, second, third, fourth);
  if (third !== undefined) return handler.call(self, first, second, third);
  return handler.call(self, first, second);
}

/** In a function of its own: a closure in the caller would cost it memory at each call. */
function callInTrace(
  trace: Trace,
  handler: Handler,
  self: unknown,
  first: unknown,
  second: unknown,
  third: unknown,
  fourth: unknown,
  fifth: unknown,
): unknown {
  return resumeTrace(trace, () => callWith(handler, self, first, second, third, fourth, fifth));
}

/**
 * Lets a function appear as another one, with its metadata and whatever it gets later: platforms
 * look at the number of parameters, NestJS at the name and the version of a route.
 */
function lookLike(binding: Handler, handler: Handler): Handler {
  const { name, length } = Object.getOwnPropertyDescriptors(handler);
  Object.defineProperties(binding, { ...(name && { name }), ...(length && { length }) });
  return Object.setPrototypeOf(binding, handler) as Handler;
}
