import { EventEmitter } from 'node:events';
import { currentTrace, runInStore, TRACE, type TraceStore } from '../context/trace-store.js';
import type { Trace } from '../trace/trace.js';

const STORE = Symbol.for('nestjs-tracing.store');

type Emit = (this: OwnedEmitter, ...args: Parameters<EventEmitter['emit']>) => boolean;

interface OwnedEmitter extends EventEmitter {
  [STORE]?: TraceStore;
  emit: Emit;
}

const emit = EventEmitter.prototype.emit as Emit;
/** One function for all emitters whose `emit` nobody has replaced: none is made per request. */
const emitInStore = emitInStoreWith(emit);

/**
 * Lets the listeners of a request or response run in its own store. Node emits `data`, `end` and
 * `close` in the context of the connection, which is none, or of the request before: whoever reads
 * a body by events would lose the trace there, and with it everything behind the body parser.
 */
export function keepContext(emitter: EventEmitter, store: TraceStore): void {
  const owned = emitter as OwnedEmitter;
  owned[STORE] = store;
  const { emit: current } = owned;
  if (current === emitInStore) return;
  owned.emit = current === emit ? emitInStore : emitInStoreWith(current);
}

/**
 * Does the same for all requests and responses of an Express application, which gives them
 * prototypes of its own. A property on each of them costs V8 far more.
 */
export function keepContextOfAll(application: unknown): void {
  const { request, response } = Object(application) as Record<string, OwnedEmitter | undefined>;
  for (const prototype of [request, response]) {
    if (prototype?.emit === emit) prototype.emit = emitInStore;
  }
}

/** The trace whose request or response this is. */
export function ownerOf(emitter: object): Trace | undefined {
  return (emitter as OwnedEmitter)[STORE]?.[TRACE] as Trace | undefined;
}

function emitInStoreWith(original: Emit): Emit {
  return function (...args) {
    const store = this[STORE];
    if (store === undefined || currentTrace() === store[TRACE]) return original.apply(this, args);
    return runInStore(store, () => original.apply(this, args));
  };
}
