import { answerFirst } from '../../http-server/request-hook.js';
import type { ViewerServer } from './viewer-server.js';

/** Fastify's reply has `hijack`, after which Fastify does not answer itself. */
interface Reply {
  hijack?(): void;
}

/**
 * Lets the trace viewer answer its requests before they are traced, and before CORS, parsers and
 * guards.
 *
 * @returns `false` for an adapter without a request hook.
 */
export function installViewerHook(adapter: object, server: ViewerServer): boolean {
  return answerFirst(adapter, (request, response, reply: Reply) => {
    if (!server.owns(request)) return false;
    reply.hijack?.();
    void server.answer(request, response);
    return true;
  });
}
