import type { Span } from '../../trace/span.js';
import { isFailure, type McpMessage } from './message.js';

/** The requests that one end of a connection has sent, each a span that its answer ends. */
export class SentRequests {
  private readonly open = new Map<unknown, Span>();

  add(id: unknown, span: Span): void {
    this.open.set(id, span);
  }

  /** Notes an answer that came in. */
  answer(message: McpMessage): void {
    const span = this.take(message.id);
    if (span === undefined) return;
    if (isFailure(message)) span.fail(errorOf(message));
    else span.end();
  }

  /** Notes that a request has failed without an answer, or that its sender no longer wants one. */
  fail(id: unknown, error?: unknown): void {
    this.take(id)?.fail(error);
  }

  /** Notes that the connection is closed. */
  failAll(): void {
    for (const id of this.open.keys()) this.fail(id);
  }

  private take(id: unknown): Span | undefined {
    const span = this.open.get(id);
    this.open.delete(id);
    return span;
  }
}

/** The error that the SDK makes of such an answer. A failure in a tool's result has none. */
function errorOf({ error }: McpMessage): Error | undefined {
  if (error === undefined) return undefined;
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return Object.assign(new Error(String(message)), { name: 'McpError', code });
}
