import type { IncomingMessage } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';
import type { RequestTracer } from './request-tracer.js';

const REQUEST_IDS = definePatch({
  package: 'fastify',
  target: 'setGenReqId of an instance with a logger',
  gives: "the request id as `reqId` on the lines of Fastify's own logger",
  without: "the lines of Fastify's own logger have other ids",
  why: 'it is public, but there is one generator for each instance',
});

/** What is used of a Fastify instance. */
interface Fastify {
  readonly log?: { readonly level?: unknown };
  setGenReqId?(generate: (request: IncomingMessage) => string): unknown;
}

/**
 * Lets Fastify name requests as this module does. Its logger, and its line of an incoming request,
 * have the id before any hook runs; without a logger the hook is early enough.
 */
export function nameFastifyRequests(adapter: object, tracer: RequestTracer): void {
  const { getType, getInstance } = adapter as {
    getType?(): string;
    getInstance?<T>(): T;
  };
  if (getType?.call(adapter) !== 'fastify') return;
  const instance = getInstance?.call(adapter) as Fastify | undefined;
  // Fastify's placeholder of a logger has no level.
  if (instance?.log?.level === undefined) return;
  if (typeof instance.setGenReqId !== 'function') {
    REQUEST_IDS.unsupported('it has no `setGenReqId`');
    return;
  }
  try {
    instance.setGenReqId((request) => tracer.nameEarly(request));
    REQUEST_IDS.noteApplied();
  } catch {
    // An instance that is running already takes none. Its requests are named in the hook.
  }
}
