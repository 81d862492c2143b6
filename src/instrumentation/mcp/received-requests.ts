import { currentTrace } from '../../context/active-trace.js';
import { sharedState } from '../../records/shared-state.js';
import type { Trace } from '../../trace/trace.js';
import { OpenWork } from '../open-work.js';
import { isFailure, type McpMessage } from './message.js';

/** A request that is being handled. */
interface OpenRequest {
  readonly id: unknown;
  readonly settle: (answer: McpMessage) => void;
  /** Ends it without an answer. */
  readonly abandon: () => void;
}

/** By the trace in which a request is handled, as a client may use one id for two requests. */
const requests = sharedState('mcp-requests', () => new WeakMap<Trace, OpenRequest>());

/**
 * The requests of one connection that are being handled. How handling ends is seen by the answer
 * that is sent, by a cancellation, or by the end of the connection.
 */
export class OpenRequests {
  private readonly open = new OpenWork<OpenRequest, OpenRequest>((request) => request.abandon());

  /**
   * Notes a request that is handled in the current trace.
   *
   * @param leave called when the other end no longer waits for the answer.
   * @returns settled by the answer, and rejected by one that says that the request failed.
   */
  add(id: unknown, leave: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const request: OpenRequest = {
        id,
        settle: (answer) => {
          this.open.take(request);
          if (isFailure(answer)) reject(answer.error);
          else resolve();
        },
        abandon: () => {
          this.open.take(request);
          leave();
        },
      };
      this.open.add(request, request);
      const trace = currentTrace();
      if (trace !== undefined) requests.set(trace, request);
    });
  }

  /** Notes that the other end has cancelled a request: of two with one id, the later one. */
  cancel(id: unknown): void {
    this.open.all.findLast((request) => request.id === id)?.abandon();
  }

  /** Notes that the connection is closed. */
  abandonAll(): void {
    for (const request of this.open.all) request.abandon();
  }
}

/** Notes an answer that is sent in the context of a request: by its handler, or what that calls. */
export function noteAnswer(message: McpMessage): void {
  const trace = currentTrace();
  const request = trace === undefined ? undefined : requests.get(trace);
  if (request !== undefined && request.id === message.id) request.settle(message);
}
