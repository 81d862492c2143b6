import { channel, type Channel, type ChannelListener } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { sharedState } from './shared-state.js';
import type { AccessLogRecord } from './access-log-record.js';
import type { SingleSpanRecord } from './span-record.js';
import type { LogRecord } from './log-record.js';
import type { RequestRecord } from './request-record.js';
import { warnOnce } from './warnings.js';

/** Published on `nestjs-tracing:request:start`, before any code of the application runs. */
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
  readonly span: SingleSpanRecord;
}

interface EventMap {
  'request:start': RequestStartEvent;
  'request:finish': RequestFinishEvent;
  'span:finish': SpanFinishEvent;
  /** Published when an entry is logged, before any format or transport. */
  log: LogRecord;
}

/** A diagnostics channel with a typed message. */
export interface EventChannel<T> {
  /** Check this before you build a message, so that it costs nothing without subscribers. */
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

/**
 * The channels on which the core publishes what happens in all applications of the process. To
 * follow one application, {@link subscribeApplication} is simpler. Messages: {@link
 * RequestStartEvent}, {@link RequestFinishEvent}, {@link SpanFinishEvent}, {@link LogRecord}.
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
 * Wraps each subscriber of a channel so that its errors become warnings. Node ends the process if a
 * subscriber throws, but here it must not even fail a request.
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
  // Subscribers that were added before this package was loaded are wrapped too.
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
      // The type does not include it, but a subscriber may return a promise.
      const result: unknown = listener(message, name);
      if (types.isPromise(result)) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
