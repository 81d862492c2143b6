import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasRequestHook } from '../../http-server/request-hook.js';
import type { ViewerServer } from './viewer-server.js';

type Done = (error?: Error) => void;
type Hook = (this: unknown, request: Raw, response: RawReply, done: Done) => unknown;
type Raw = object & { raw?: IncomingMessage };
/** Fastify's reply has `hijack`, after which Fastify does not answer itself. */
type RawReply = object & { raw?: ServerResponse; hijack?(): void };

interface HookedAdapter {
  onRequestHook?: Hook;
}

/**
 * Lets the trace viewer answer its requests before an adapter's request hook runs. That hook is the
 * tracer, so the viewer's own traffic is not traced, and after it come CORS, parsers and guards.
 *
 * The property is set directly: through its setter, which the tracer replaces, the hook would run
 * after the tracer.
 * Returns `false` for an adapter that has no such slot.
 */
export function installViewerHook(adapter: object, server: ViewerServer): boolean {
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
