import type { IncomingMessage, ServerResponse } from 'node:http';
import { AbstractHttpAdapter } from '@nestjs/core';
import { isTraced, type RequestTracer } from './request-tracer.js';

type Done = (error?: Error) => void;
type RequestHook = (this: unknown, request: Raw, response: Raw, done: Done) => unknown;

/** What a platform hands to its hook: Node's own object, or one that holds it. */
type Raw = object & { raw?: object };

const HOOKED = Symbol.for('nestjs-tracing.v1.hooked');

interface HookedAdapter {
  [HOOKED]?: true;
  onRequestHook?: RequestHook;
  setOnRequestHook?(hook: RequestHook): void;
}

type SlottedAdapter = HookedAdapter & Required<Pick<HookedAdapter, 'setOnRequestHook'>>;

/** Whether an adapter has a request hook. The base class has its setter, which does nothing. */
export function hasRequestHook(adapter: object): adapter is SlottedAdapter {
  const { setOnRequestHook } = adapter as HookedAdapter;
  return (
    setOnRequestHook !== undefined &&
    setOnRequestHook !== AbstractHttpAdapter.prototype.setOnRequestHook
  );
}

/**
 * Puts the tracer in front of an adapter's request hook, where it runs before body parsing, CORS,
 * routing and every middleware. The slot is one: a hook that is in it already, or is set later,
 * runs behind the tracer, in the request's context.
 *
 * Returns `false` for an adapter that has no such hook.
 */
export function installRequestHook(adapter: object, tracer: RequestTracer): boolean {
  if (!hasRequestHook(adapter)) return false;
  if (adapter[HOOKED]) return true;

  let inner = adapter.onRequestHook;
  const hook: RequestHook = function (request, response, done) {
    const raw = (request.raw ?? request) as IncomingMessage;
    // A hook that was set later may call this one, which it found in the slot.
    if (isTraced(raw)) return done();
    const next = inner === undefined ? done : inner.bind(this, request, response, done);
    return tracer.run(raw, (response.raw ?? response) as ServerResponse, request, next);
  };
  adapter.setOnRequestHook(hook);
  adapter.setOnRequestHook = (next) => {
    inner = next;
  };
  adapter[HOOKED] = true;
  return true;
}
