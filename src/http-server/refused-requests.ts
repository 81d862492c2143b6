import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';
import { isTraced } from './request-tracer.js';

const REFUSED = definePatch({
  package: 'fastify',
  target: 'the listener for `request` of the HTTP server',
  gives:
    'a trace for requests whose path Fastify refuses: half an escape, a parameter that is too long',
  without: 'such requests have no ids and no access log line',
  why: 'Fastify answers them before any hook runs',
});

type Listener = (this: unknown, request: IncomingMessage, response: ServerResponse) => unknown;
type Trace = (request: IncomingMessage, response: ServerResponse) => void;

/** The shortest parameter that Fastify may refuse for its length by default, and then some. */
const SHORT = 64;

/**
 * Traces what Fastify refuses while it routes. It is traced when its head is written, if it is not
 * by then: whether a path is refused, only Fastify knows.
 */
export function traceRefusedRequests(adapter: object, trace: Trace): void {
  const { getType, getInstance } = adapter as { getType?(): string; getInstance?(): unknown };
  if (getType?.call(adapter) !== 'fastify') return;
  const { server } = Object(getInstance?.call(adapter)) as { readonly server?: Server };
  const [listener, ...more] = (server?.listeners('request') ?? []) as Listener[];
  if (server === undefined || listener === undefined || more.length > 0) return;
  // Instead of one more: Node copies the list of listeners for each event where there are several.
  const replacement: Listener = function (request, response) {
    const { url = '' } = request;
    if (url.length > SHORT || url.includes('%')) traceAtHead(request, response, trace);
    return listener.call(this, request, response);
  };
  server.off('request', listener).on('request', replacement);
  REFUSED.noteApplied(() => {
    if (server.listeners('request').includes(replacement)) {
      server.off('request', replacement).on('request', listener);
    }
  });
}

function traceAtHead(request: IncomingMessage, response: ServerResponse, trace: Trace): void {
  const { writeHead } = response;
  response.writeHead = ((...head: Parameters<typeof writeHead>) => {
    response.writeHead = writeHead;
    if (!isTraced(request)) trace(request, response);
    return response.writeHead(...head);
  }) as typeof writeHead;
}
