import type { Span } from '../../trace/span.js';
import { OpenWork } from '../open-work.js';
import { isFailure, type McpMessage } from './message.js';

/** The requests that one end of a connection has sent, each a span that its answer ends. */
export class SentRequests {
  private readonly open = new OpenWork<unknown, Span>((span) => span.fail());

  add(id: unknown, span: Span): void {
    this.open.add(id, span);
  }

  /** Notes an answer that came in. */
  answer(message: McpMessage): void {
    const span = this.open.take(message.id);
    if (span === undefined) return;
    if (isFailure(message)) span.fail(errorOf(message));
    else span.end();
  }

  /** Notes that a request has failed without an answer, or that its sender no longer wants one. */
  fail(id: unknown, error?: unknown): void {
    this.open.take(id)?.fail(error);
  }

  /** Notes that the connection is closed. */
  failAll(): void {
    for (const span of this.open.all) span.fail();
  }
}

/** The error that the SDK makes of such an answer. A failure in a tool's result has none. */
function errorOf({ error }: McpMessage): Error | undefined {
  if (error === undefined) return undefined;
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return Object.assign(new Error(String(message)), { name: 'McpError', code });
}
