import { channel, type Channel, type ChannelListener } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { sharedState } from './shared-state.js';
import type { AccessLogRecord } from './access-log-record.js';
import type { SpanRecord } from './span-record.js';
import type { RequestRecord, TraceFields } from '../records/request-record.js';
import { warnOnce } from './warnings.js';

/** Published on `nestjs-tracing:request:start`, before anything else sees the request. */
export interface RequestStartEvent {
  readonly trace: RequestRecord;
}

/** Published on `nestjs-tracing:request:finish`, once for each request. */
export interface RequestFinishEvent {
  readonly trace: RequestRecord;
  readonly record: AccessLogRecord;
}

/** Published on `nestjs-tracing:span:finish`. */
export interface SpanFinishEvent {
  readonly trace: RequestRecord;
  readonly span: SpanRecord;
}

/** Published on `nestjs-tracing:log`, at the call, before any format or transport. */
export interface LogRecord {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly level: string;
  readonly message: unknown;
  /** The trace that the entry belongs to; `undefined` outside a context. */
  readonly trace: RequestRecord | undefined;
  readonly spanId: string | undefined;
  /** What `TraceContext.set` added. */
  readonly fields: TraceFields | undefined;
  /** The entry itself, as winston has it. Read it at once; it is not a copy. */
  readonly entry: Readonly<Record<string, unknown>>;
}

interface EventMap {
  'request:start': RequestStartEvent;
  'request:finish': RequestFinishEvent;
  'span:finish': SpanFinishEvent;
  log: LogRecord;
}

/** A diagnostics channel with a typed message. */
export interface EventChannel<T> {
  /** Look here before building a message: nothing is paid when nobody listens. */
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

/**
 * The channels on which the core tells what happens. It knows none of its consumers: metrics,
 * export and viewer subscribe, and so can you.
 *
 * @publicApi
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 *
 * subscribe('nestjs-tracing:request:finish', (message) => {
 *   const { trace, record } = message as RequestFinishEvent;
 *   histogram.record(record.duration_ms, { route: record.route });
 * });
 */
export const tracingChannels = sharedState('channels', () => ({
  requestStart: openChannel('request:start'),
  requestFinish: openChannel('request:finish'),
  spanFinish: openChannel('span:finish'),
  log: openChannel('log'),
}));

function openChannel<K extends keyof EventMap>(name: K): EventChannel<EventMap[K]> {
  return guardSubscribers(channel(`nestjs-tracing:${name}`)) as EventChannel<EventMap[K]>;
}

/**
 * Node lets a subscriber that throws end the process. A subscriber of ours must never fail a
 * request, so each is wrapped as it subscribes.
 */
function guardSubscribers(target: Channel): Channel {
  const guards = new WeakMap<ChannelListener, ChannelListener>();
  // A channel changes its prototype with its first and last subscriber, and subscribing to an
  // idle one calls itself again on the new prototype.
  const original = (self: Channel): Channel => Object.getPrototypeOf(self) as Channel;
  target.subscribe = function (listener) {
    let guard = guards.get(listener);
    if (guard === undefined) {
      guard = guardOf(listener);
      guards.set(listener, guard).set(guard, guard);
    }
    original(this).subscribe.call(this, guard);
  };
  target.unsubscribe = function (listener) {
    return original(this).unsubscribe.call(this, guards.get(listener) ?? listener);
  };
  // Whoever subscribed before this package was loaded is only to be found here.
  const { _subscribers: early = [] } = target as { _subscribers?: readonly ChannelListener[] };
  for (const listener of [...early]) {
    target.unsubscribe(listener);
    target.subscribe(listener);
  }
  return target;
}

function guardOf(listener: ChannelListener): ChannelListener {
  return (message, name) => {
    const fail = (error: unknown): void =>
      warnOnce('TRACING_SUBSCRIBER_FAILED', `a subscriber of ${String(name)} threw`, error);
    try {
      // Its type does not say so, but a subscriber may be asynchronous.
      const result: unknown = listener(message, name);
      if (types.isPromise(result)) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
