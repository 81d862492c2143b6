import { currentTrace } from '../../context/active-trace.js';
import { carrierText } from '../../trace/carrier-text.js';
import { DEBUG_LEVEL_HEADER } from '../../trace/debug-level.js';
import { W3C_HEADERS, type ReadCarrier, type TraceHeaders } from '../../trace/propagation.js';
import { parseTraceparent } from '../../trace/traceparent.js';
import { copiedNames, missingHeaders } from '../outgoing-headers.js';

/**
 * The header that lists which of a message's other headers this package has added, so that the
 * receiver can tell them from those that the sending application has set. As in
 * `b7ad6b7169203331 traceparent x-request-id`: the span id of the `traceparent` that was added, then
 * the names. A `*` at the end says that without them the message had no headers at all.
 */
export const MARK = 'nestjs-tracing';

/** The headers that a mark may list. It comes from outside, and must not remove any other. */
const CARRIED: ReadonlySet<string> = new Set([
  ...W3C_HEADERS,
  'x-request-id',
  'x-session-id',
  DEBUG_LEVEL_HEADER,
]);
const SPAN_ID = /^(?:[\da-f]{16}|-)$/;
const ALONE = '*';

interface Mark {
  /** The headers that were added, the mark itself included. */
  readonly names: readonly string[];
  /** Whether there were no headers without them. */
  readonly isAlone: boolean;
}

/** What a message carries. */
export interface Carried {
  readonly read: ReadCarrier;
  readonly isAlone: boolean;
}

/** Headers of any kind: a plain object, or what NATS and gRPC have instead. */
export interface HeaderBag {
  readonly read: ReadCarrier;
  remove(name: string): void;
}

/** By the headers that they were taken from: a message may be delivered twice as one object. */
const carriedBy = new WeakMap<object, Carried>();
/** The same by the objects that held headers which are gone altogether. */
const carriedByHolder = new WeakMap<object, Carried>();

/** Those of the given headers that a message lacks, with the mark that lists them. */
export function markedHeaders(
  headers: TraceHeaders,
  hasHeader: (name: string) => boolean,
  isAlone: boolean,
): TraceHeaders {
  const missing = missingHeaders(headers, hasHeader);
  const names = Object.keys(missing);
  if (names.length === 0) return missing;
  const spanId = parentIdIn(missing['traceparent']) ?? '-';
  missing[MARK] = [spanId, ...names, ...(isAlone ? [ALONE] : [])].join(' ');
  return missing;
}

/**
 * A copy of a record of headers, with those that it does not have yet. Those that the application has
 * copied from a request or another message are replaced.
 */
export function withMarkedHeaders(
  given: Readonly<Record<string, unknown>> | null | undefined,
  headers: TraceHeaders,
  trace = currentTrace(),
): Record<string, unknown> {
  const own: Record<string, unknown> = { ...given };
  const mark = removeCopied(bagOf(own), trace);
  const isEmpty = Object.keys(own).length === 0;
  const isAlone = given === undefined || given === null || (mark?.isAlone === true && isEmpty);
  return { ...markedHeaders(headers, (name) => Object.hasOwn(own, name), isAlone), ...own };
}

/**
 * Removes what was copied: what this package added to the message that headers were copied from,
 * and ids of the request or message that is being handled.
 */
export function removeCopied(bag: HeaderBag, trace = currentTrace()): Mark | undefined {
  const mark = removeCarried(bag);
  for (const name of copiedNames(bag.read, trace)) bag.remove(name);
  return mark;
}

/** Removes what this package added to the message that headers were copied from. */
function removeCarried(bag: HeaderBag): Mark | undefined {
  const mark = markIn(bag.read);
  for (const name of mark?.names ?? []) bag.remove(name);
  return mark;
}

/** Whether this package has added the `traceparent` of some headers. */
export function isTraceparentCarried(read: ReadCarrier): boolean {
  return markIn(read)?.names.includes('traceparent') === true;
}

/**
 * Takes what this package added out of headers that are not a plain object. What the sending
 * application had set stays there.
 */
export function takeFromBag(headers: object, bag: HeaderBag): Carried {
  const known = carriedBy.get(headers);
  if (known !== undefined) return known;
  const carried = carriedIn(bag.read);
  if (carried === undefined) return { read: bag.read, isAlone: false };
  removeCarried(bag);
  carriedBy.set(headers, carried);
  return carried;
}

/**
 * Takes what this package added out of the headers that an object holds, by giving it others in
 * their place: somebody else may hold the same headers.
 *
 * @param isOptional whether headers of which nothing is left are removed, where there were none.
 */
export function takeFromHolder(
  holder: object,
  key: string,
  isOptional = true,
): ReadCarrier | undefined {
  const headers = ownValue(holder, key);
  if (typeof headers !== 'object' || headers === null) return carriedByHolder.get(holder)?.read;
  const known = carriedBy.get(headers);
  const carried = known ?? carriedIn(readerOf(headers));
  if (carried === undefined) return readerOf(headers);
  // Those that were left by an earlier delivery.
  if (!Object.hasOwn(headers, MARK)) return carried.read;
  const rest: Record<string, unknown> = { ...headers };
  removeCarried(bagOf(rest));
  carriedBy.set(headers, carried);
  carriedBy.set(rest, carried);
  const isGone = isOptional && carried.isAlone && Object.keys(rest).length === 0;
  if (isGone) carriedByHolder.set(holder, carried);
  Reflect.set(holder, key, isGone ? undefined : rest);
  return carried.read;
}

/** Reads own properties only: a sender may choose any name. */
export function readerOf(headers: object): ReadCarrier {
  return (name) => ownValue(headers, name);
}

export function ownValue(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) {
    return undefined;
  }
  return (holder as Record<string, unknown>)[name];
}

/** What this package added to headers, and all others; `undefined` where it added nothing. */
function carriedIn(read: ReadCarrier): Carried | undefined {
  const mark = markIn(read);
  if (mark === undefined) return undefined;
  const values = new Map(mark.names.map((name) => [name, read(name)]));
  return {
    read: (name) => (values.has(name) ? values.get(name) : read(name)),
    isAlone: mark.isAlone,
  };
}

function markIn(read: ReadCarrier): Mark | undefined {
  const [spanId, ...words] = carrierText(read(MARK))?.split(' ') ?? [];
  if (spanId === undefined || !SPAN_ID.test(spanId)) return undefined;
  // Another tracer of the sender's may have put a `traceparent` of its own in the place of ours. It
  // is for the receiver's copy of that tracer.
  const isOurs = parentIdIn(carrierText(read('traceparent'))) === spanId;
  const names = words.filter(
    (word) => CARRIED.has(word) && (isOurs || !W3C_HEADERS.includes(word)),
  );
  return { names: [MARK, ...names], isAlone: words.includes(ALONE) };
}

function parentIdIn(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : parseTraceparent(traceparent)?.parentId;
}

function bagOf(headers: Record<string, unknown>): HeaderBag {
  return { read: readerOf(headers), remove: (name) => void Reflect.deleteProperty(headers, name) };
}
