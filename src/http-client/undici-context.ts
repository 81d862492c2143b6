import { AsyncResource } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { guardCallback } from '../options/guard-callback.js';

type Dispatch = (this: unknown, options: unknown, handler: unknown) => boolean;

/** What hears of the answer. One that follows redirects or tries again has a `dispatch` itself. */
type Handler = object & { readonly dispatch?: unknown };

const KEEPS_CONTEXT = Symbol.for('nestjs-tracing.v1.keeps-context');
/** Where Node and undici keep the dispatcher of `fetch`. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/**
 * Lets undici send each request in the context of its caller. A pool whose connections are all
 * busy sends it later, and a redirect is followed, in the context of whoever opened the
 * connection: another request, whose ids would go out.
 *
 * Each copy of undici has classes of its own, so they are changed when they are first seen.
 */
export function keepContextOfDispatch(): void {
  let created = 0;
  let seen: unknown;
  const contexts = new WeakMap<object, AsyncResource>();

  const keepRequestContext = (dispatch: Dispatch): Dispatch =>
    function (options, handler) {
      if (!isObject(handler) || !isObject(options)) return dispatch.call(this, options, handler);
      const queued = isWrapper(handler) ? contexts.get(options) : undefined;
      const context = contexts.get(handler) ?? queued ?? contextOf(handler);
      contexts.set(handler, context);
      contexts.set(options, context);
      const before = created;
      const result = context.runInAsyncScope(dispatch, this, options, handler);
      // It is on its way. Somebody may use one handler for all calls.
      if (created !== before) {
        contexts.delete(options);
        if (handler.dispatch === undefined) contexts.delete(handler);
      }
      return result;
    };

  const see = guardCallback('outgoing undici', (dispatcher: unknown) =>
    change(dispatcher, keepRequestContext),
  );
  subscribe('undici:request:create', () => {
    created++;
    const dispatcher = (globalThis as Record<symbol, unknown>)[GLOBAL_DISPATCHER];
    if (dispatcher === seen) return;
    seen = dispatcher;
    see(dispatcher);
  });
  subscribe('undici:client:connected', (message) => {
    // A client is among what it keeps on its socket.
    const { socket } = message as { socket: Record<symbol, unknown> };
    for (const key of Object.getOwnPropertySymbols(socket)) see(socket[key]);
  });
}

function isObject(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null;
}

/** Whether a pool has put it around the handler that it was given: only the options are known. */
function isWrapper({ constructor }: Handler): boolean {
  return constructor?.name === 'UnwrapHandler';
}

/**
 * The handlers of undici's own methods know where they were made. `AsyncLocalStorage.snapshot()`
 * would do for the others, at a hundred times the cost.
 */
function contextOf(handler: Handler): AsyncResource {
  if (handler instanceof AsyncResource) return handler;
  return new AsyncResource('nestjs-tracing.dispatch', { requireManualDestroy: true });
}

/** Changes the class of a dispatcher, if that is what it is. */
function change(dispatcher: unknown, keepRequestContext: (dispatch: Dispatch) => Dispatch): void {
  const owner = ownerOfDispatch(dispatcher);
  if (owner === undefined || Object.hasOwn(owner, KEEPS_CONTEXT)) return;
  Object.assign(owner, { dispatch: keepRequestContext(owner.dispatch), [KEEPS_CONTEXT]: true });
}

function ownerOfDispatch(dispatcher: unknown): { dispatch: Dispatch } | undefined {
  if (typeof (dispatcher as { dispatch?: unknown } | null | undefined)?.dispatch !== 'function') {
    return undefined;
  }
  let owner: unknown = Object.getPrototypeOf(dispatcher);
  while (owner !== null && !Object.hasOwn(owner as object, 'dispatch')) {
    owner = Object.getPrototypeOf(owner);
  }
  return (owner as { dispatch: Dispatch } | null) ?? undefined;
}
