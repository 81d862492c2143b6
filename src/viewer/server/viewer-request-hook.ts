import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasRequestHook } from '../../http-server/request-hook.js';
import type { ViewerServer } from './viewer-server.js';

type Done = (error?: Error) => void;
type Hook = (this: unknown, request: Raw, response: RawReply, done: Done) => unknown;
type Raw = object & { raw?: IncomingMessage };
/** Fastify's reply says by `hijack` that somebody else answers. */
type RawReply = object & { raw?: ServerResponse; hijack?(): void };

interface HookedAdapter {
  onRequestHook?: Hook;
}

/**
 * Puts the page in front of whatever is in an adapter's request hook: the tracer, so that the
 * page's own traffic leaves no trace, and behind it the application's CORS, parsers and guards.
 *
 * The slot itself is set, for the tracer has its own way to set it, which puts hooks behind itself.
 * Returns `false` for an adapter that has no such slot.
 */
export function installFrontHook(adapter: object, server: ViewerServer): boolean {
  const slot = adapter as HookedAdapter;
  if (!hasRequestHook(adapter)) return false;
  const next = slot.onRequestHook;
  slot.onRequestHook = function (request, response, done) {
    const raw = request.raw ?? (request as IncomingMessage);
    if (!server.owns(raw))
      return next === undefined ? done() : next.call(this, request, response, done);
    response.hijack?.();
    void server.answer(raw, response.raw ?? (response as ServerResponse));
    return undefined;
  };
  return true;
}
