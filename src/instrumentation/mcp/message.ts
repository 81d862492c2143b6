/** What goes over a connection, both ways: requests, notifications, and the answers to requests. */
export interface McpMessage {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A connection, as the SDK has it. */
export interface McpTransport {
  send(message: McpMessage, ...rest: unknown[]): Promise<void>;
  /** Where several servers use one connection, one after the other: what is below. */
  readonly _wire?: McpTransport;
}

/** One end of a connection: the class of the SDK that its servers and clients extend. */
export interface Protocol {
  readonly transport?: McpTransport | undefined;
  readonly fallbackNotificationHandler?: unknown;
  readonly _notificationHandlers?: Map<string, NotificationHandler>;
  connect(transport: McpTransport, ...rest: unknown[]): Promise<void>;
  _onrequest(request: McpMessage, extra?: MessageExtra): void;
  _onnotification(notification: McpMessage, extra?: MessageExtra): void;
  _onclose(): void;
}

export type NotificationHandler = (notification: McpMessage, ...rest: unknown[]) => unknown;

/** What a transport says of a message. */
export interface MessageExtra {
  /** The HTTP request that brought it, in version 1. */
  readonly requestInfo?: unknown;
  /** The same in version 2. */
  readonly request?: unknown;
}

/** A client writes what it likes in these; a line of the log stays one that can be read. */
const MAX_LENGTH = 128;

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
