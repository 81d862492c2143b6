import { AsyncResource } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { definePatch } from '../instrumentation/patch.js';
import { guardCallback } from '../options/guard-callback.js';
import { symbolOf } from './socket-reader.js';
import { clientOf } from './undici-client.js';

const DISPATCH = definePatch({
  package: 'undici',
  target: 'dispatch of the classes of dispatchers, Symbol(undici.globalDispatcher.1)',
  gives: "each request its caller's context, also where it waits for a connection",
  without: 'a call of `fetch` that waits for a connection may get the ids of another request',
  why: "undici's channels are published in the context of the connection that becomes free",
});

type Dispatch = (this: object, options: unknown, handler: unknown) => boolean;

interface DispatchOwner {
  dispatch: Dispatch;
}

/** Receives the response. One that follows redirects or tries again has a `dispatch` itself. */
type Handler = object & { readonly dispatch?: unknown };

export interface DispatchContexts {
  /** Lets classes be changed, until the last application closes. */
  install(): void;
  /** The dispatcher that is making a request. */
  innermost(): object | undefined;
}

/** Where Node and undici keep the dispatcher of `fetch`. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/**
 * Makes undici send each request in the context of its caller. A pool whose connections are all
 * busy sends it later, and a redirect is followed, in the context of the code that opened the
 * connection: that of another request, whose ids would be sent.
 *
 * Each copy of undici has classes of its own, so they are changed when they are first seen.
 *
 * The dispatcher that makes a request is also noted: its connection shows who reads the request.
 */
export function keepContextOfDispatch(): DispatchContexts {
  let created = 0;
  let isInstalled = false;
  let lastDispatcher: unknown;
  const current: { dispatcher: object | undefined } = { dispatcher: undefined };
  const contexts = new WeakMap<object, AsyncResource>();
  /** The prototypes that were changed. */
  const classes = new Set<DispatchOwner>();
  /** The prototypes of clients, whose `[dispatch]` some dispatchers call without `dispatch`. */
  const clients = new Map<Record<symbol, Dispatch>, symbol>();

  const noteInnermost = (dispatch: Dispatch): Dispatch =>
    function (options, handler) {
      const outer = current.dispatcher;
      current.dispatcher = this;
      try {
        return dispatch.call(this, options, handler);
      } finally {
        current.dispatcher = outer;
      }
    };

  const keepContext = (dispatch: Dispatch): Dispatch =>
    function (options, handler) {
      if (!isObject(handler) || !isObject(options)) return dispatch.call(this, options, handler);
      const queued = isWrapper(handler) ? contexts.get(options) : undefined;
      const context = contexts.get(handler) ?? queued ?? contextOf(handler);
      contexts.set(handler, context);
      contexts.set(options, context);
      const before = created;
      const outer = current.dispatcher;
      current.dispatcher = this;
      try {
        return context.runInAsyncScope(dispatch, this, options, handler);
      } finally {
        current.dispatcher = outer;
        // It was sent. A caller may use one handler for all calls.
        if (created !== before) {
          contexts.delete(options);
          if (handler.dispatch === undefined) contexts.delete(handler);
        }
      }
    };

  const patchClassOf = guardCallback('outgoing undici', (dispatcher: unknown) => {
    const owner = ownerOfDispatch(dispatcher);
    if (owner !== undefined && DISPATCH.method(owner, 'dispatch', keepContext)) classes.add(owner);
  });
  const patchClient = guardCallback('outgoing undici', (client: object) => {
    const owner = Object.getPrototypeOf(client) as Record<symbol, Dispatch>;
    const key = symbolOf(owner, 'dispatch');
    if (key !== undefined && DISPATCH.method(owner, key, noteInnermost)) clients.set(owner, key);
  });
  const patchGlobalDispatcher = (): void => {
    const dispatcher = (globalThis as Record<symbol, unknown>)[GLOBAL_DISPATCHER];
    if (dispatcher === lastDispatcher) return;
    lastDispatcher = dispatcher;
    if (ownerOfDispatch(dispatcher) === undefined) {
      DISPATCH.unsupported('the global dispatcher has no `dispatch`');
    }
    patchClassOf(dispatcher);
  };
  subscribe('undici:request:create', () => {
    created++;
    if (isInstalled) patchGlobalDispatcher();
  });
  subscribe('undici:client:connected', (message) => {
    if (!isInstalled) return;
    const client = clientOf((message as { socket: object }).socket);
    if (client === undefined) return;
    patchClassOf(client);
    patchClient(client);
  });
  const install = (): void => {
    if (isInstalled) return;
    isInstalled = true;
    lastDispatcher = undefined;
    DISPATCH.noteApplied(() => {
      isInstalled = false;
    });
    // The classes of earlier applications, and the one that exists before the first request.
    for (const owner of classes) DISPATCH.method(owner, 'dispatch', keepContext);
    for (const [owner, key] of clients) DISPATCH.method(owner, key, noteInnermost);
    patchGlobalDispatcher();
  };
  return { install, innermost: () => current.dispatcher };
}

function isObject(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null;
}

/** Whether a pool has wrapped the handler that it was given: only the options are known then. */
function isWrapper({ constructor }: Handler): boolean {
  return constructor?.name === 'UnwrapHandler';
}

/**
 * The handlers of undici's own methods are async resources and have the context they were made in.
 * `AsyncLocalStorage.snapshot()` would do for the others, at a hundred times the cost.
 */
function contextOf(handler: Handler): AsyncResource {
  if (handler instanceof AsyncResource) return handler;
  return new AsyncResource('nestjs-tracing.dispatch', { requireManualDestroy: true });
}

/** The prototype that has the `dispatch` of a dispatcher; `undefined` for anything else. */
function ownerOfDispatch(dispatcher: unknown): DispatchOwner | undefined {
  if (typeof (dispatcher as { dispatch?: unknown } | null | undefined)?.dispatch !== 'function') {
    return undefined;
  }
  let owner: unknown = Object.getPrototypeOf(dispatcher);
  while (owner !== null && !Object.hasOwn(owner as object, 'dispatch')) {
    owner = Object.getPrototypeOf(owner);
  }
  return (owner as DispatchOwner | null) ?? undefined;
}
