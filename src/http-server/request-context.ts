import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentTrace, runInStore, type TraceStore } from '../context/trace-store.js';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';

/** A request whose response has not closed yet. */
export interface OpenRequest {
  readonly trace: Trace;
  /** What its code has in the async context. */
  readonly store: TraceStore;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Told in its context, before any listener, that the response has closed. */
  readonly onClose: (closed: OpenRequest) => void;
}

type Emit = (this: OwnedEmitter, ...args: Parameters<EventEmitter['emit']>) => boolean;

const OPEN = Symbol.for('nestjs-tracing.v1.open-request');

interface OwnedEmitter extends EventEmitter {
  [OPEN]?: OpenRequest;
  emit: Emit;
}

/** What stands in the place of somebody's `emit`, whichever copy of the package put it there. */
const covers = sharedState('emit-covers', () => new WeakSet<Emit>());

/**
 * Lets the listeners of a request and its response run in its own store. Node emits `data`, `end`
 * and `close` in the context of the connection, which is none, or of the request before: whoever
 * reads a body by events would lose the trace there, and with it everything behind the body parser.
 *
 * The end of the response is noticed here too: a listener of its own would cost more.
 */
export function keepRequestContext(open: OpenRequest): void {
  keepContextOf(open.request as OwnedEmitter, open);
  keepContextOf(open.response as unknown as OwnedEmitter, open);
}

/** The trace whose request or response this is. */
export function ownerOf(emitter: object): Trace | undefined {
  return (emitter as OwnedEmitter)[OPEN]?.trace;
}

function keepContextOf(emitter: OwnedEmitter, open: OpenRequest): void {
  emitter[OPEN] = open;
  if (!covers.has(emitter.emit)) coverEmit(emitter);
}

/**
 * Covers `emit` where all of the emitter's kind find it: Express gives its requests prototypes of
 * its own, others use Node's. A property on each emitter costs V8 far more.
 */
function coverEmit(emitter: OwnedEmitter): void {
  const prototype = Object.getPrototypeOf(emitter) as OwnedEmitter;
  const isReplaced = Object.hasOwn(emitter, 'emit') || Object.hasOwn(prototype, 'emit');
  const value = emitInStore(emitter.emit);
  covers.add(value);
  const target = isReplaced ? emitter : prototype;
  Object.defineProperty(target, 'emit', { value, configurable: true, writable: true });
}

function emitInStore(emit: Emit): Emit {
  return function (...args) {
    const open = this[OPEN];
    if (open === undefined) return emit.apply(this, args);
    const isEnd = args[0] === 'close' && (this as object) === open.response;
    if (!isEnd && currentTrace() === open.trace) return emit.apply(this, args);
    return runInStore(open.store, () => {
      if (isEnd) open.onClose(open);
      return emit.apply(this, args);
    });
  };
}
