import { mcpFields, type McpFields } from '../../records/mcp-message.js';

/** What goes over a connection, both ways: requests, notifications, and answers to requests. */
export interface McpMessage {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** What a transport adds to a message that came in. */
export interface MessageExtra {
  /** The HTTP request that brought it, in version 1. */
  readonly requestInfo?: unknown;
  /** The same in version 2. */
  readonly request?: unknown;
}

export type ReceiveMessage = (message: McpMessage, extra?: MessageExtra) => void;

/**
 * A connection: the SDK's interface `Transport`, which is public and the same in both versions.
 * Whoever uses a connection sets its callbacks and then starts it.
 */
export interface McpTransport {
  onmessage?: ReceiveMessage | undefined;
  onclose?: (() => void) | undefined;
  start(): Promise<void>;
  send(message: McpMessage, options?: SendOptions): Promise<void>;
}

export interface SendOptions {
  /** Aborted where the sender no longer wants the answer, in version 2. */
  readonly requestSignal?: AbortSignal | undefined;
}

export type NotificationHandler = (...args: unknown[]) => unknown;

/**
 * One end of a connection: the class `Protocol` of the SDK, which its servers and clients extend.
 * These members are public.
 */
export interface McpProtocol {
  readonly transport?: McpTransport | undefined;
  fallbackNotificationHandler?: NotificationHandler | undefined;
  connect(transport: McpTransport, ...rest: unknown[]): Promise<void>;
  /** The handler is the last argument in both versions. */
  setNotificationHandler(...args: unknown[]): void;
}

/** What a log line has of a text that a client decides. */
const MAX_LENGTH = 128;
/** The texts by which a client says what it is. */
const CLIENT_TEXTS = ['name', 'title', 'version', 'websiteUrl'] as const;
const MAX_CLIENT_TEXT = 1024;

/**
 * The levels of MCP by which a request can be logged at a more verbose level, and those of NestJS.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/logging
 */
const LEVELS: ReadonlyMap<unknown, string> = new Map([
  ['debug', 'debug'],
  ['info', 'log'],
  ['notice', 'log'],
  ['warning', 'warn'],
]);

/** Whether a message asks for an answer. */
export function isRequest({ id, method }: McpMessage): boolean {
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number');
}

/** Whether a message is one that nothing answers. */
export function isNotification({ id, method }: McpMessage): boolean {
  return typeof method === 'string' && id === undefined;
}

/** Whether a message answers a request. */
export function isAnswer({ method, result, error }: McpMessage): boolean {
  return method === undefined && (result !== undefined || error !== undefined);
}

/** The method of a message. */
export function methodOf({ method }: McpMessage): string {
  return String(method).slice(0, MAX_LENGTH);
}

/** The fields that a message has on the access log line. */
export function fieldsOf(message: McpMessage): McpFields {
  return mcpFields(String(message.method), targetOf(message));
}

/** What a message is about: a tool or prompt by its name, or a resource by its URI. */
export function targetOf(message: McpMessage): string | undefined {
  return paramOf(message, message.method === 'resources/read' ? 'uri' : 'name');
}

/**
 * What a client of version 2026-07-28 says of itself with each request: some of its texts, up to a
 * length. `undefined` where it has no name.
 */
export function clientOf(message: McpMessage): string | undefined {
  const info = ownOf(metaOf(message), 'io.modelcontextprotocol/clientInfo');
  if (typeof info !== 'object' || info === null || Array.isArray(info)) return undefined;
  const texts = CLIENT_TEXTS.map((name) => {
    const text = ownOf(info, name);
    return typeof text === 'string' ? text.slice(0, MAX_CLIENT_TEXT) : null;
  });
  return texts[0] ? JSON.stringify(texts) : undefined;
}

/** The level that a request of version 2026-07-28 asks for, in words of NestJS. */
export function logLevelOf(message: McpMessage): string | undefined {
  return LEVELS.get(ownOf(metaOf(message), 'io.modelcontextprotocol/logLevel'));
}

/** The request that a `notifications/cancelled` is about. */
export function cancelledIdOf({ params }: McpMessage): unknown {
  return (Object(params) as { requestId?: unknown }).requestId;
}

/** Whether an answer says that the request has failed. A tool may say so in its result. */
export function isFailure({ error, result }: McpMessage): boolean {
  return error !== undefined || (Object(result) as { isError?: unknown }).isError === true;
}

/** What a request or notification says besides its own parameters. */
export function metaOf({ params }: McpMessage): Readonly<Record<string, unknown>> {
  return Object((Object(params) as { _meta?: unknown })._meta) as Record<string, unknown>;
}

function paramOf({ params }: McpMessage, name: string): string | undefined {
  const value = ownOf(Object(params) as object, name);
  return typeof value === 'string' ? value : undefined;
}

function ownOf(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? Reflect.get(object, name) : undefined;
}
