import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentTrace } from '../context/active-trace.js';
import { resumeTrace } from '../context/trace-store.js';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';
import { isServed, noticeEnd } from './response-end.js';
import { noteFailures } from './response-source.js';

const EMIT = definePatch({
  package: 'node',
  target: 'emit of the prototypes of requests and responses',
  gives: "the request's context to the listeners of its body and of its end",
  without: 'the end of a request is not noticed: its access log line is missing',
  why: 'Node emits these events in the context of the connection, and has no hook for it',
});

/** A request whose response has not ended yet. */
export interface OpenRequest {
  readonly trace: Trace;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /**
   * Called when the response has closed, in its context, before any listener. Where no connection
   * closes it, it is called when it has ended.
   *
   * @param isComplete whether the whole response was handed over, where the response itself may
   * not say so.
   */
  readonly onClose: (closed: OpenRequest, isComplete?: boolean) => void;
  /** Whether no connection closes its response: it may never end, so nothing waits for it. */
  readonly isSimulated?: boolean;
}

type Emit = (this: TracedEmitter, ...args: Parameters<EventEmitter['emit']>) => boolean;

const OPEN = Symbol.for('nestjs-tracing.v1.open-request');

interface TracedEmitter extends EventEmitter {
  [OPEN]?: OpenRequest;
  emit: Emit;
}

const state = sharedState('emit-wrappers', () => ({
  /** All that this package made, whichever copy of it. */
  wrappers: new WeakSet<Emit>(),
  /** Requests that are traced and have not closed. */
  openRequests: 0,
  /** What is to be undone when the last of them has closed. */
  undo: [] as (() => void)[],
}));

/**
 * Makes the listeners of a request and its response run in its own trace. Node emits `data`, `end`
 * and `close` in the context of the connection, which is none, or that of the request before. Code
 * that reads a body by events would lose the trace there, and so would everything behind the body
 * parser.
 *
 * The end of the response is noticed here too: a listener for it would cost more. Call
 * {@link requestClosed} for each request whose end was noticed.
 */
export function keepRequestContext(open: OpenRequest): void {
  const kept = isServed(open.request, open.response) ? open : endWithoutConnection(open);
  if (kept.isSimulated !== true) state.openRequests++;
  keepContextOf(kept.request as TracedEmitter, kept);
  keepContextOf(kept.response as TracedEmitter, kept);
}

function endWithoutConnection(open: OpenRequest): OpenRequest {
  const simulated: OpenRequest = { ...open, isSimulated: true, onClose: () => {} };
  noticeEnd(open.request, open.response, (isComplete) => {
    resumeTrace(open.trace, () => open.onClose(simulated, isComplete));
  });
  return simulated;
}

/** Notes that a request has closed. */
export function requestClosed({ isSimulated }: OpenRequest): void {
  if (isSimulated === true) return;
  state.openRequests--;
  if (state.openRequests === 0 && state.undo.length > 0) undoAll();
}

/** The trace that a request or response belongs to. */
export function ownerOf(emitter: object): Trace | undefined {
  return (emitter as TracedEmitter)[OPEN]?.trace;
}

/** The same for a platform's own object of a request or response, which holds Node's as `raw`. */
export function traceOf(routed: unknown): Trace | undefined {
  if (typeof routed !== 'object' || routed === null) return undefined;
  const trace = ownerOf(routed);
  if (trace !== undefined) return trace;
  const { raw } = routed as { raw?: unknown };
  return typeof raw === 'object' && raw !== null ? ownerOf(raw) : undefined;
}

/** The response to a request that has not closed. */
export function responseOf(emitter: object): ServerResponse | undefined {
  return (emitter as TracedEmitter)[OPEN]?.response;
}

function keepContextOf(emitter: TracedEmitter, open: OpenRequest): void {
  emitter[OPEN] = open;
  // A mock may be a plain object.
  if (typeof emitter.emit === 'function' && !state.wrappers.has(emitter.emit)) wrapEmit(emitter);
}

/**
 * Wraps `emit` on the prototype of an emitter: Express gives its requests prototypes of its own,
 * others use Node's. A property of each emitter costs V8 far more; it is used only where
 * other code has replaced `emit` there, or where the prototype cannot be changed.
 */
function wrapEmit(emitter: TracedEmitter): void {
  const prototype = Object.getPrototypeOf(emitter) as TracedEmitter;
  const isReplaced = Object.hasOwn(emitter, 'emit') || Object.hasOwn(prototype, 'emit');
  const wrapper = emitInTrace(emitter.emit);
  state.wrappers.add(wrapper);
  if (!isReplaced && setEmit(prototype, wrapper)) {
    EMIT.noteApplied(() => {
      state.undo.push(() => removeEmit(prototype, wrapper));
      if (state.openRequests === 0) undoAll();
    });
  } else if (!setEmit(emitter, wrapper)) {
    EMIT.unsupported('`emit` cannot be replaced');
  }
}

function setEmit(owner: TracedEmitter, value: Emit): boolean {
  const descriptor = { value, configurable: true, writable: true };
  return Reflect.defineProperty(owner, 'emit', descriptor);
}

function removeEmit(prototype: TracedEmitter, wrapper: Emit): void {
  // Code that has replaced it since calls ours, so it has to stay.
  if (Object.getOwnPropertyDescriptor(prototype, 'emit')?.value !== wrapper) return;
  Reflect.deleteProperty(prototype, 'emit');
}

/** A request that is open needs its wrapper to the end, also after its application has closed. */
function undoAll(): void {
  for (const undo of state.undo.splice(0)) undo();
}

function emitInTrace(emit: Emit): Emit {
  const isOfNode = emit === EventEmitter.prototype.emit;
  return function (...args) {
    const open = this[OPEN];
    if (open === undefined) return emit.apply(this, args);
    if (args[0] === 'pipe' && (this as object) === open.response) {
      noteFailures(open.trace, args[1], this);
    }
    const isEnd = args[0] === 'close' && (this as object) === open.response;
    if (!isEnd && currentTrace() === open.trace) return emit.apply(this, args);
    // Each request says that it is readable, mostly without a listener, and to enter a context costs
    // more than that.
    if (!isEnd && isOfNode && isUnheard(this, args[0])) return emit.apply(this, args);
    return emitInside(open, isEnd, emit, this, args);
  };
}

/** Whether Node calls nothing for an event. It throws an error that nothing listens to. */
function isUnheard(emitter: TracedEmitter, event: string | symbol): boolean {
  return event !== 'error' && emitter.listenerCount(event) === 0;
}

/** In a function of its own: a closure in the caller would cost it memory at each event. */
function emitInside(
  open: OpenRequest,
  isEnd: boolean,
  emit: Emit,
  emitter: TracedEmitter,
  args: Parameters<Emit>,
): boolean {
  return resumeTrace(open.trace, () => {
    if (isEnd) open.onClose(open);
    return emit.apply(emitter, args);
  });
}
