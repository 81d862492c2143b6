import { isValidId } from './ids.js';
import { carrierText } from './carrier-text.js';
import type { TraceCarrier } from './open-trace.js';
import { w3cHeaders, type TraceHeaders } from './propagation.js';
import type { Trace } from './trace.js';

const CARRIER = 'nestjs-tracing';

/**
 * Data for a thread or a child process, and the trace of the code that sends it. `traceTask` takes
 * it apart again: the function in the thread gets the data as it was given.
 */
export interface CarriedData<T = unknown> {
  /** The headers of the trace; empty where the data was sent outside a trace. */
  readonly [CARRIER]: TraceHeaders;
  readonly data: T;
}

// What `Piscina.move()` returns has these symbols: piscina sends the value and transfers the rest.
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');
/** Piscina has this one for itself alone. */
const MOVABLE = 'Piscina.kMovable';
/** What a task queue of piscina orders its tasks by. */
const QUEUE_OPTIONS = Symbol.for('Piscina.queueOptions');

/**
 * Puts data and a trace into one plain object, which a structured clone and JSON keep. The data
 * itself is neither read nor copied.
 */
export function carryData<T>(data: T, headers: TraceHeaders): CarriedData<T> {
  const carried = { [CARRIER]: headers, data };
  if (typeof data !== 'object' || data === null) return carried;
  const movable = Object.getOwnPropertySymbols(data).find((key) => key.description === MOVABLE);
  if (movable !== undefined) {
    const value = { [CARRIER]: headers, data: Reflect.get(data, VALUE) as unknown };
    // Symbols, as those of the task, which are read where the task is posted and not sent.
    Object.defineProperties(carried, {
      [movable]: { value: true },
      [TRANSFERABLE]: { value: Reflect.get(data, TRANSFERABLE) as unknown },
      [VALUE]: { value },
    });
  }
  if (QUEUE_OPTIONS in data) {
    Object.defineProperty(carried, QUEUE_OPTIONS, { value: Reflect.get(data, QUEUE_OPTIONS) });
  }
  return carried;
}

/** What {@link carryData} has made; `undefined` for anything else. JSON leaves out `undefined`. */
export function readCarriedData(value: unknown): CarriedData | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, CARRIER)) {
    return undefined;
  }
  if (Object.keys(value).some((key) => key !== CARRIER && key !== 'data')) return undefined;
  const { [CARRIER]: headers } = value as CarriedData;
  const isRecord = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  return isRecord ? (value as CarriedData) : undefined;
}

/**
 * The headers of a trace for another thread or process of this application. The span of the code
 * that sends them is the parent there.
 */
export function threadHeaders(trace: Trace, spanId: string): TraceHeaders {
  const headers = w3cHeaders(trace, spanId);
  // Its allowed keys are known here and not there.
  delete headers['baggage'];
  headers['x-trace-id'] = trace.traceId;
  headers['x-request-id'] = trace.requestId;
  if (trace.sessionId !== undefined) headers['x-session-id'] = trace.sessionId;
  return headers;
}

/** Reads what {@link threadHeaders} has made; `undefined` where it names no trace. */
export function threadCarrier(
  headers: Readonly<Record<string, unknown>>,
): TraceCarrier | undefined {
  const text = (name: string): string | undefined =>
    Object.hasOwn(headers, name) ? carrierText(headers[name]) : undefined;
  const id = (name: string): string | undefined => {
    const value = text(name);
    return isValidId(value) ? value : undefined;
  };
  const carrier = {
    traceparent: text('traceparent'),
    tracestate: text('tracestate'),
    traceId: id('x-trace-id'),
    requestId: id('x-request-id'),
    sessionId: id('x-session-id'),
  };
  const isEmpty = Object.values(carrier).every((value) => value === undefined);
  return isEmpty ? undefined : carrier;
}
