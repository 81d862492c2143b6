import type { IncomingMessage, ServerResponse } from 'node:http';
import { AbstractHttpAdapter } from '@nestjs/core';
import { keepContextOfAll } from './keep-context.js';
import { isTraced, type RequestTracer } from './request-tracer.js';

type Done = (error?: Error) => void;
type RequestHook = (this: unknown, request: Raw, response: Raw, done: Done) => unknown;

/** What a platform hands to its hook: Node's own object, or one that holds it. */
type Raw = object & { raw?: object };

interface HookedAdapter {
  onRequestHook?: RequestHook;
  setOnRequestHook?(hook: RequestHook): void;
  getInstance?(): unknown;
}

const HOOKED = Symbol.for('nestjs-tracing.hooked');

/**
 * Puts the tracer in front of an adapter's request hook, where it runs before body parsing, CORS,
 * routing and every middleware. The slot is one: a hook that is in it already, or is set later,
 * runs behind the tracer, in the request's context.
 *
 * Returns `false` for an adapter that has no such hook.
 */
export function installRequestHook(target: object, tracer: RequestTracer): boolean {
  const adapter = target as HookedAdapter & { [HOOKED]?: true };
  if (adapter[HOOKED]) return true;
  const { setOnRequestHook } = adapter;
  // The base class has the method, and it does nothing.
  if (
    setOnRequestHook === undefined ||
    setOnRequestHook === AbstractHttpAdapter.prototype.setOnRequestHook
  ) {
    return false;
  }

  let inner = adapter.onRequestHook;
  const hook: RequestHook = function (request, response, done) {
    const raw = (request.raw ?? request) as IncomingMessage;
    // A hook that was set later may call this one, which it found in the slot.
    if (isTraced(raw)) return done();
    return tracer.run(raw, (response.raw ?? response) as ServerResponse, request, () =>
      inner === undefined ? done() : inner.call(this, request, response, done),
    );
  };
  setOnRequestHook.call(adapter, hook);
  adapter.setOnRequestHook = (next) => {
    inner = next;
  };
  keepContextOfAll(adapter.getInstance?.());
  adapter[HOOKED] = true;
  return true;
}
