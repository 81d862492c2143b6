import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import { ownerOf } from './request-context.js';

const REQUEST_ID = definePatch({
  package: 'node',
  target: 'id of the prototypes of requests',
  gives: 'the request id as `req.id`, for pino-http, morgan and others that look for it there',
  without: 'other loggers give requests ids of their own',
  why: 'a property of each request would cost V8 its shape, and an id that is set later must win',
});

/** The prototypes that have the property. */
const prototypes = sharedState('request-id-prototypes', () => new WeakSet<object>());

/**
 * Lets `req.id` be the request id where nothing else has set it. It is read from the trace by a
 * property of the prototype, so that a request costs nothing more.
 */
export function provideRequestId(request: IncomingMessage, id: string): void {
  if ('id' in request) return;
  const prototype = Object.getPrototypeOf(request) as object;
  // What a test or a serverless adapter made up may have a prototype that all objects share.
  if (!(prototype instanceof Readable)) return;
  const isDefined = Reflect.defineProperty(prototype, 'id', {
    get(this: IncomingMessage) {
      return ownerOf(this)?.requestId;
    },
    set(this: IncomingMessage, value: unknown) {
      // @fastify/middie repeats the id that Fastify's own request has.
      if (value === ownerOf(this)?.requestId) return;
      const descriptor = { value, configurable: true, enumerable: true, writable: true };
      Reflect.defineProperty(this, 'id', descriptor);
    },
    configurable: true,
  });
  if (!isDefined) {
    // A prototype that is frozen: the request itself has the id then.
    const own = { value: id, configurable: true, enumerable: true, writable: true };
    if (!Reflect.defineProperty(request, 'id', own)) {
      REQUEST_ID.unsupported('properties cannot be added to requests');
    }
    return;
  }
  prototypes.add(prototype);
  REQUEST_ID.noteApplied(() => {
    if (prototypes.delete(prototype)) Reflect.deleteProperty(prototype, 'id');
  });
}
