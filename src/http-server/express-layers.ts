import type { IncomingMessage, ServerResponse } from 'node:http';
import { resumeTrace, runsInTrace } from '../context/trace-store.js';
import { definePatch } from '../instrumentation/patch.js';
import { forgetThrown, keepThrown } from '../trace/thrown.js';
import type { Trace } from '../trace/trace.js';
import { ownerOf } from './request-context.js';

const LAYERS = definePatch({
  package: 'express',
  target: 'Layer.prototype.handleRequest, Layer.prototype.handleError, Router.param',
  gives:
    "routes, routers, sub-applications and middleware run in their request's trace, also where `next` was called by another request",
  without: 'only what is registered through NestJS is in a trace behind code that loses it',
  why: 'Express calls the next function in the async context of the code that calls `next`',
});

type Next = (...args: [error?: unknown]) => void;
type HandleRequest = (
  this: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => unknown;
type HandleError = (
  this: unknown,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => unknown;

/** The method of a router that registers a function for a parameter of a path. */
const PARAM = 'param';
type Param = (this: unknown, name: unknown, callback: unknown) => unknown;

interface Layer {
  /** Of Express 5. */
  readonly handleRequest?: HandleRequest;
  readonly handleError?: HandleError;
}

interface ExpressLike {
  readonly router?: { readonly stack?: readonly Layer[]; readonly [PARAM]?: Param };
}

/**
 * Runs each function that Express's router calls in the trace of the request that it is given: also
 * those of routers and sub-applications, and those that were registered on Express itself. Where
 * all is well, this costs one comparison for each of them.
 *
 * @param bind binds a single function.
 * @returns whether this is an Express application whose router can be changed so.
 */
export function bindExpressLayers(adapter: object, bind: (handler: unknown) => unknown): boolean {
  const { getType, getInstance } = adapter as { getType?(): string; getInstance?(): unknown };
  if (getType?.call(adapter) !== 'express') return false;
  const router = routerOf(Object(getInstance?.call(adapter)) as ExpressLike);
  // The adapter's own layer, which calls the request hook, is the first.
  const layer = router?.stack?.[0];
  if (layer === undefined) return false;
  const prototype = Object.getPrototypeOf(layer) as Required<Layer>;
  if (!LAYERS.method(prototype, 'handleRequest', inTraceOfRequest)) return false;
  if (!LAYERS.method(prototype, 'handleError', inTraceOfFailed)) return false;
  const owner = prototypeWith(PARAM, router) as { [PARAM]: Param } | undefined;
  LAYERS.method(owner, PARAM, (param) => {
    return function (name, callback) {
      return param.call(this, name, bind(callback));
    };
  });
  return true;
}

function inTraceOfRequest(handle: HandleRequest): HandleRequest {
  return function (request, response, next) {
    const trace = ownerOf(request);
    if (trace === undefined || runsInTrace(trace)) {
      return handle.call(this, request, response, next);
    }
    return callInTrace(trace, handle as Call, this, request, response, next, undefined);
  };
}

function inTraceOfFailed(handle: HandleError): HandleError {
  return function (error, request, response, next) {
    const trace = ownerOf(request);
    if (trace === undefined) return handle.call(this, error, request, response, next);
    if (!response.headersSent) keepThrown(trace, error);
    const goOn: Next = (...args) => {
      // A middleware for errors that passes none on has recovered from it.
      if (!args[0]) forgetThrown(trace, error);
      next(...args);
    };
    if (runsInTrace(trace)) return handle.call(this, error, request, response, goOn);
    return callInTrace(trace, handle as Call, this, error, request, response, goOn);
  };
}

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** In a function of its own: a closure in the caller would cost it memory at each call. */
function callInTrace(
  trace: Trace,
  handle: Call,
  layer: unknown,
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
): unknown {
  return resumeTrace(trace, () => handle.call(layer, a, b, c, d));
}

function routerOf(instance: ExpressLike): ExpressLike['router'] {
  try {
    return instance.router;
  } catch {
    // Express 4 throws where `router` is read: what is registered through NestJS is bound instead.
    return undefined;
  }
}

/** The object in a chain of prototypes that has a member itself. */
function prototypeWith(name: string, object: unknown): object | undefined {
  let owner = object as object | null | undefined;
  while (owner && !Object.hasOwn(owner, name))
    owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? undefined;
}
