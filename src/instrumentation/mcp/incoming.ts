import { AsyncLocalStorage } from 'node:async_hooks';
import { currentTrace } from '../../context/active-trace.js';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { sharedState } from '../../records/shared-state.js';
import { W3C_HEADERS, type ReadCarrier } from '../../trace/propagation.js';
import type { Trace } from '../../trace/trace.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import type { Connection } from './connection.js';
import { handlerOf } from './mcp-handler-names.js';
import {
  cancelledIdOf,
  clientOf,
  fieldsOf,
  isAnswer,
  isNotification,
  isRequest,
  logLevelOf,
  metaOf,
  type McpMessage,
  type MessageExtra,
  type NotificationHandler,
} from './message.js';

/** What a message that comes in belongs to. */
interface Origin {
  readonly application: TracedApplication;
  readonly parent?: Trace | undefined;
  readonly sessionId?: string | undefined;
}

/** A notification on its way to a handler. */
interface Delivery {
  readonly notification: McpMessage;
  readonly origin: Origin;
  /** Whether it has reached one. */
  isHandled: boolean;
}

const CANCELLED = 'notifications/cancelled';
/** These are about a request that is under way, which has an access log line of its own. */
const ABOUT_REQUESTS: ReadonlySet<unknown> = new Set([CANCELLED, 'notifications/progress']);

const deliveries = sharedState('mcp-deliveries', () => new AsyncLocalStorage<Delivery>());
const tracedHandlers = sharedState('mcp-handlers', () => new WeakSet<NotificationHandler>());

/**
 * Delivers a message that came in, to a server or to a client: requests and notifications in a
 * trace of their own.
 */
export function receiveTraced(
  connection: Connection,
  message: McpMessage,
  extra: MessageExtra | undefined,
  deliver: () => void,
): void {
  if (isAnswer(message)) connection.sent.answer(message);
  if (message.method === CANCELLED) connection.received.cancel(cancelledIdOf(message));
  if (isRequest(message)) return receiveRequest(connection, message, extra, deliver);
  if (isNotification(message) && !ABOUT_REQUESTS.has(message.method)) {
    return receiveNotification(connection, message, extra, deliver);
  }
  deliver();
}

/**
 * Lets a handler of notifications run in the trace of what it handles. Nothing answers a
 * notification, so its handler is the only thing that shows whether it is handled, and how.
 */
export function traceHandler(handler: NotificationHandler): NotificationHandler {
  if (tracedHandlers.has(handler)) return handler;
  const traced: NotificationHandler = function (this: unknown, ...args) {
    const delivery = deliveries.getStore();
    if (delivery === undefined || delivery.isHandled) return handler.apply(this, args);
    delivery.isHandled = true;
    const { origin, notification } = delivery;
    return origin.application.runUnitOfWork(workOf(origin, notification), () =>
      handler.apply(this, args),
    );
  };
  tracedHandlers.add(traced);
  return traced;
}

function receiveRequest(
  connection: Connection,
  request: McpMessage,
  extra: MessageExtra | undefined,
  deliver: () => void,
): void {
  const origin = originOf(connection, extra, request);
  if (origin === undefined) return deliver();
  let leave = (): void => {};
  const onLeave = (left: () => void): void => {
    leave = left;
  };
  origin.application
    .runUnitOfWork({ ...workOf(origin, request), onLeave }, () => {
      const answered = connection.received.add(request.id, leave);
      deliver();
      return answered;
    })
    // The access log line says that it failed; the caller has the answer.
    .catch(() => {});
}

function receiveNotification(
  connection: Connection,
  notification: McpMessage,
  extra: MessageExtra | undefined,
  deliver: () => void,
): void {
  const origin = originOf(connection, extra, notification);
  if (origin === undefined) return deliver();
  const { protocol } = connection;
  const { fallbackNotificationHandler: fallback } = protocol;
  if (fallback !== undefined) protocol.fallbackNotificationHandler = traceHandler(fallback);
  deliveries.run({ notification, origin, isHandled: false }, deliver);
}

function workOf({ application, parent, sessionId }: Origin, message: McpMessage): UnitOfWork {
  return {
    kind: 'message',
    transport: 'mcp',
    isCall: isRequest(message),
    parent,
    sessionId,
    logLevel: logLevelOf(message),
    read: readerOf(message),
    handler: handlerOf(application, message),
    fields: fieldsOf(message),
  };
}

/** @see https://modelcontextprotocol.io/community/seps/414-request-meta */
function readerOf(message: McpMessage): ReadCarrier {
  const meta = metaOf(message);
  return (name) => {
    if (!W3C_HEADERS.includes(name) || !Object.hasOwn(meta, name)) return undefined;
    const value = meta[name];
    return typeof value === 'string' ? value : undefined;
  };
}

/**
 * A message is part of the HTTP request that brought it. Where none did, it may still be delivered
 * in the context in which the connection was opened. Once that has ended, the message has nothing
 * to do with it.
 */
function originOf(
  connection: Connection,
  extra: MessageExtra | undefined,
  message: McpMessage,
): Origin | undefined {
  const trace = currentTrace();
  if (trace === undefined || (trace.finished && !isOverHttp(extra))) return connection.session;
  const application = applicationOfTrace(trace);
  if (application === undefined) return undefined;
  describeRequest(trace, message);
  const client = clientOf(message);
  const sessionId = client === undefined ? undefined : application.sessionOfClient(trace, client);
  return { application, parent: trace, sessionId };
}

/** The HTTP request that brought a message says what it is: by the first of several. */
function describeRequest({ metadata, kind }: Trace, message: McpMessage): void {
  if (kind === 'request') metadata.work ??= fieldsOf(message);
}

function isOverHttp(extra: MessageExtra | undefined): boolean {
  return (extra?.requestInfo ?? extra?.request) !== undefined;
}
