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

/** A client decides how long these are; a log line has to stay readable. */
const MAX_LENGTH = 128;

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

/** The tool that a message calls. */
export function toolOf(message: McpMessage): string | undefined {
  return message.method === 'tools/call' ? paramOf(message, 'name') : undefined;
}

/** What a message is about: a tool or prompt by its name, or a resource by its URI. */
export function targetOf(message: McpMessage): string | undefined {
  return paramOf(message, message.method === 'resources/read' ? 'uri' : 'name');
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
  const value = (Object(params) as Record<string, unknown>)[name];
  return typeof value === 'string' ? value.slice(0, MAX_LENGTH) : undefined;
}
