import { currentTrace } from '../../context/trace-store.js';
import type { TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import { W3C_HEADERS, type ReadCarrier } from '../../trace/propagation.js';
import type { Trace } from '../../trace/trace.js';
import { handlerOf } from './handlers.js';
import {
  metaOf,
  methodOf,
  toolOf,
  type McpMessage,
  type MessageExtra,
  type NotificationHandler,
  type Protocol,
} from './message.js';
import { OpenRequest } from './open-request.js';
import { applicationOfTrace, newestApplication } from '../instrumented-applications.js';

/** What a message that comes in belongs to. */
interface Origin {
  readonly host: TracedApplication;
  readonly parent?: Trace | undefined;
  readonly sessionId?: string | undefined;
}

const CANCELLED = 'notifications/cancelled';
/** These tell of a request that is under way, which has a line of its own. */
const ABOUT_REQUESTS: ReadonlySet<unknown> = new Set([CANCELLED, 'notifications/progress']);

const TRACED = Symbol.for('nestjs-tracing.v1.mcp');
const connections = new WeakMap<object, Origin>();

/** Runs each message that comes in, to a server or to a client, in a trace of its own. */
export function traceIncoming(prototype: Protocol): void {
  traceRequests(prototype);
  traceNotifications(prototype);
  const { _onclose: onClose } = prototype;
  prototype._onclose = function () {
    onClose.call(this);
    OpenRequest.abandonAll(this);
  };
}

function traceRequests(prototype: Protocol): void {
  const { _onrequest: onRequest } = prototype;
  prototype._onrequest = function (request, extra) {
    const origin = originOf(this, extra);
    if (origin === undefined) return onRequest.call(this, request, extra);
    let leave = (): void => {};
    const onLeave = (left: () => void): void => {
      leave = left;
    };
    origin.host
      .runUnitOfWork({ ...workOf(origin, request), onLeave }, () => {
        const open = new OpenRequest(this, request.id, leave);
        onRequest.call(this, request, extra);
        return open.answered;
      })
      .catch(() => {});
  };
}

function traceNotifications(prototype: Protocol): void {
  const { _onnotification: onNotification } = prototype;
  prototype._onnotification = function (notification, extra) {
    const { method } = notification;
    const handle = (): void => onNotification.call(this, notification, extra);
    if (method === CANCELLED) OpenRequest.cancel(this, cancelledId(notification));
    if (ABOUT_REQUESTS.has(method) || traceHandler(this, String(method))) return handle();
    const isHandled = this.fallbackNotificationHandler !== undefined;
    const origin = isHandled ? originOf(this, extra) : undefined;
    if (origin === undefined) return handle();
    origin.host.runUnitOfWork(workOf(origin, notification), handle);
  };
}

/**
 * Nothing comes of a notification that could be waited for; so what handles it is followed. Returns
 * `false` where there is no handler for this method.
 */
function traceHandler(protocol: Protocol, method: string): boolean {
  const handlers = protocol._notificationHandlers;
  const handler = handlers?.get(method);
  if (handlers === undefined || handler === undefined) return false;
  if (TRACED in handler) return true;
  const traced: NotificationHandler = (notification, ...rest) => {
    const origin = originOf(protocol);
    if (origin === undefined) return handler(notification, ...rest);
    return origin.host.runUnitOfWork(workOf(origin, notification), () =>
      handler(notification, ...rest),
    );
  };
  handlers.set(method, Object.assign(traced, { [TRACED]: true }));
  return true;
}

function workOf({ host, parent, sessionId }: Origin, message: McpMessage): UnitOfWork {
  return {
    kind: 'message',
    transport: 'mcp',
    parent,
    sessionId,
    read: readerOf(message),
    handler: handlerOf(host, message),
    fields: { mcp_method: methodOf(message), mcp_tool: toolOf(message) },
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
 * in the context of whoever opened the connection, which it has nothing to do with once that has
 * ended.
 */
function originOf(protocol: Protocol, extra?: MessageExtra): Origin | undefined {
  const trace = currentTrace();
  if (trace === undefined || (trace.finished && !isOverHttp(extra))) return connectionOf(protocol);
  const host = applicationOfTrace(trace);
  return host === undefined ? undefined : { host, parent: trace };
}

function isOverHttp(extra: MessageExtra | undefined): boolean {
  return (extra?.requestInfo ?? extra?.request) !== undefined;
}

/** A connection outside every request is one session, of the application that was made last. */
function connectionOf(protocol: Protocol): Origin | undefined {
  const wire = protocol.transport?._wire ?? protocol.transport;
  const host = newestApplication();
  if (wire === undefined || host === undefined) return undefined;
  let connection = connections.get(wire);
  if (connection === undefined) {
    connection = { host, sessionId: host.policy.newSessionId() };
    connections.set(wire, connection);
  }
  return connection;
}

function cancelledId({ params }: McpMessage): unknown {
  return (Object(params) as { requestId?: unknown }).requestId;
}
