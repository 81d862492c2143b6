import type { UnitOfWork } from '../context/unit-of-work.js';
import { carrierText } from '../trace/carrier-text.js';
import { isValidId, toW3cTraceId } from '../trace/ids.js';
import type { ReadCarrier } from '../trace/propagation.js';
import { parseTraceparent } from '../trace/traceparent.js';

/** How many traces of a batch are on its line. */
const MAX_LINKED = 10;

/**
 * The part of a unit of work that a handler does for several messages or jobs at once. It continues
 * their trace where all of them have one. Where they have several it is part of none, as the lines
 * of one request would else have the ids of another: it gets a trace of its own, and its access log
 * line names theirs.
 *
 * @param reads what reads the headers of each.
 */
export function batchWork(reads: readonly ReadCarrier[]): Pick<UnitOfWork, 'read' | 'fields'> {
  const [first] = reads;
  if (first === undefined || reads.length === 1) return first === undefined ? {} : { read: first };
  const ids = reads.map(traceIdOf);
  const batch = { batch_size: reads.length };
  if (ids[0] !== undefined && ids.every((id) => id === ids[0])) {
    const read: ReadCarrier = (name) => {
      const value = first(name);
      const isCommon = name === 'traceparent' || isSame(name, value, reads);
      return isCommon ? value : undefined;
    };
    return { read, fields: batch };
  }
  const linked = new Set(ids.filter((id) => id !== undefined));
  if (linked.size === 0) return { fields: batch };
  return { fields: { ...batch, linked_traces: [...linked].slice(0, MAX_LINKED) } };
}

/** The trace id that the sender of a message has logged; `undefined` where it names no trace. */
function traceIdOf(read: ReadCarrier): string | undefined {
  const traceId = parseTraceparent(carrierText(read('traceparent')))?.traceId;
  const requestId = carrierText(read('x-request-id'));
  const isLogged = isValidId(requestId) && toW3cTraceId(requestId) === traceId;
  return isLogged ? requestId : traceId;
}

function isSame(name: string, value: unknown, reads: readonly ReadCarrier[]): boolean {
  const text = carrierText(value);
  return reads.every((read) => carrierText(read(name)) === text);
}
