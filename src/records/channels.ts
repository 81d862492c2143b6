import { channel } from 'node:diagnostics_channel';
import { sharedState } from './shared-state.js';
import type { AccessLogRecord } from './access-log-record.js';
import type { SingleSpanRecord } from './span-record.js';
import type { LogRecord } from './log-record.js';
import type { RequestRecord } from './request-record.js';
import { guardSubscribers } from './subscriber-guard.js';

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
 * A subscriber may log, make calls and spans, and throw. What it causes, also later in its promises
 * and timers, is not published to it again, with one warning, `TRACING_SUBSCRIBER_REPEATS`.
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
