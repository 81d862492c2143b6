import type { Channel, ChannelListener } from 'node:diagnostics_channel';
import type { AccessLogRecord } from './access-log-record.js';
import {
  applicationIn,
  settled,
  type Application,
  type ApplicationContainer,
} from './application.js';
import {
  tracingChannels,
  type EventChannel,
  type RequestFinishEvent,
  type RequestStartEvent,
  type SpanFinishEvent,
} from './channels.js';
import type { LogRecord } from './log-record.js';
import type { RequestRecord } from './request-record.js';
import type { SingleSpanRecord } from './span-record.js';
import { asOneSubscriber } from './subscriber-guard.js';

/** The handlers of {@link subscribeApplication}. Those that are left out cost nothing. */
export interface ApplicationHandlers {
  /** A request, message, job or run begins. */
  readonly onRequestStart?: (request: RequestRecord) => void;
  /** A request, message, job or run has ended, and its access log line, if it has one, is written. */
  readonly onRequest?: (request: RequestRecord, line: AccessLogRecord) => void;
  /** A span has ended. */
  readonly onSpan?: (span: SingleSpanRecord, request: RequestRecord) => void;
  /** An entry is logged. Called before any format or transport. */
  readonly onLog?: (entry: LogRecord) => void;
}

/** What {@link subscribeApplication} returns. */
export interface ApplicationSubscription {
  /** Ends the subscription at once. */
  unsubscribe(): void;
  /**
   * Ends the subscription once all active requests, messages, jobs and runs have ended. Use it when
   * the application shuts down: responses close shortly after their connections are destroyed. It
   * waits for a few turns of the event loop at most.
   */
  settle(): Promise<void>;
}

/**
 * Subscribes to one application of the process: to its requests, messages, jobs and runs, their
 * spans, and the entries that are logged in them or by its logger. The metrics, OTLP export, trace
 * viewer and test helpers of this package are built on it.
 *
 * A handler that throws or rejects does not fail a request; it causes one warning,
 * `TRACING_SUBSCRIBER_FAILED`. A handler may log, make calls and spans: no handler of this subscription
 * is called for what it causes, also later in its promises and timers, and one warning,
 * `TRACING_SUBSCRIBER_REPEATS`, says so. Records are live objects, so read them synchronously in the
 * handler.
 *
 * @param of the Nest application or context, a `ModuleRef` of it, or the `application` of a record.
 *
 * @throws {TracingConfigError} `TRACING_NOT_IMPORTED` for an application without `TracingModule`.
 *
 * @publicApi
 *
 * @example
 * const subscription = subscribeApplication(app, {
 *   onRequest: ({ metadata }, { duration_ms, outcome }) =>
 *     histogram.record(duration_ms, { route: metadata.route, outcome }),
 * });
 */
export function subscribeApplication(
  of: ApplicationContainer | Application,
  handlers: ApplicationHandlers,
): ApplicationSubscription {
  return subscribeTo('get' in of ? applicationIn(of) : of, handlers, false);
}

/**
 * The same for the consumers of this package. Their handlers are synchronous, and leave nothing of
 * the application running, so that guarding them costs next to nothing. They also get what
 * subscribers cause because of other subscribers.
 */
export function subscribeConsumer(
  application: Application,
  handlers: ApplicationHandlers,
): ApplicationSubscription {
  return subscribeTo(application, handlers, true);
}

function subscribeTo(
  application: Application,
  handlers: ApplicationHandlers,
  isSynchronous: boolean,
): ApplicationSubscription {
  const listeners = listenersOf(application, handlers);
  const guarded = listeners.map(([, listener]) => listener);
  asOneSubscriber(guarded, isSynchronous);
  for (const [channel, listener] of listeners) channel.subscribe(listener);
  const end = (): void => {
    for (const [channel, listener] of listeners) channel.unsubscribe(listener);
  };
  return {
    unsubscribe: end,
    async settle() {
      await settled(application);
      end();
    },
  };
}

function listenersOf(
  application: Application,
  { onRequestStart, onRequest, onSpan, onLog }: ApplicationHandlers,
): (readonly [channel: Channel, listener: ChannelListener])[] {
  const listeners: [Channel, ChannelListener][] = [];
  // The channel itself, not its name: where one of the same name is collected, as in a test runner
  // that loads modules anew, Node forgets the name, and gives it to a channel that has no publisher.
  const listen = <T>(channel: EventChannel<T>, listener: (message: T) => unknown): void => {
    listeners.push([channel as Channel, (message) => listener(message as T)]);
  };
  if (onRequestStart !== undefined) {
    listen<RequestStartEvent>(tracingChannels.requestStart, ({ trace }) =>
      trace.application === application ? onRequestStart(trace) : undefined,
    );
  }
  if (onRequest !== undefined) {
    listen<RequestFinishEvent>(tracingChannels.requestFinish, ({ trace, record }) =>
      trace.application === application ? onRequest(trace, record) : undefined,
    );
  }
  if (onSpan !== undefined) {
    listen<SpanFinishEvent>(tracingChannels.spanFinish, ({ trace, span }) =>
      trace.application === application ? onSpan(span, trace) : undefined,
    );
  }
  if (onLog !== undefined) {
    listen<LogRecord>(tracingChannels.log, (entry) =>
      // Entries of a logger that several applications share are passed to all subscriptions.
      entry.application === application || entry.application === undefined
        ? onLog(entry)
        : undefined,
    );
  }
  return listeners;
}
