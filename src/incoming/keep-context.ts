import { EventEmitter } from 'node:events';
import { currentTrace, runWithTrace } from '../context/trace-store.js';
import type { Trace } from '../trace/trace.js';

const OWNER = Symbol.for('nestjs-tracing.owner');

type Emit = (this: OwnedEmitter, ...args: Parameters<EventEmitter['emit']>) => boolean;

interface OwnedEmitter extends EventEmitter {
  [OWNER]?: Trace;
  emit: Emit;
}

const emit = EventEmitter.prototype.emit as Emit;

/**
 * Lets the listeners of a request or response run in its own trace. Node emits `data`, `end` and
 * `close` in the context of the connection, which is none, or of the request before: whoever reads
 * a body by events would lose the trace there, and with it everything behind the body parser.
 */
export function keepContext(emitter: EventEmitter, trace: Trace): void {
  const owned = emitter as OwnedEmitter;
  owned[OWNER] = trace;
  owned.emit = owned.emit === emit ? emitInTrace : emitInTraceWith(owned.emit);
}

/** The trace whose request or response this is. */
export function ownerOf(emitter: EventEmitter): Trace | undefined {
  return (emitter as OwnedEmitter)[OWNER];
}

/** One function for all emitters: a closure for each request would cost more than the rest. */
function emitInTrace(this: OwnedEmitter, ...args: Parameters<EventEmitter['emit']>): boolean {
  const trace = this[OWNER];
  if (trace === undefined || currentTrace() === trace) return emit.apply(this, args);
  return runWithTrace(trace, () => emit.apply(this, args));
}

/** The same for an emitter whose `emit` somebody has replaced. */
function emitInTraceWith(original: Emit): Emit {
  return function (...args) {
    const trace = this[OWNER];
    if (trace === undefined || currentTrace() === trace) return original.apply(this, args);
    return runWithTrace(trace, () => original.apply(this, args));
  };
}
