import { currentTrace } from '../../context/trace-store.js';
import type { Trace } from '../../trace/trace.js';
import { isFailure, type McpMessage, type Protocol } from './message.js';

/** By the trace in which it is handled: a client may use one id for two requests. */
const requests = new WeakMap<Trace, OpenRequest>();
const requestsOf = new WeakMap<Protocol, Set<OpenRequest>>();

/** A request that is being handled. The SDK tells nobody how that ends; the answer does. */
export class OpenRequest {
  /** Rejected by an answer that says so. */
  readonly answered: Promise<void>;

  private settle: (message: McpMessage) => void = () => {};

  /**
   * Opens a request in the trace that is current.
   *
   * @param leave told when nobody waits for the answer any longer.
   */
  constructor(
    private readonly protocol: Protocol,
    private readonly id: unknown,
    private readonly leave: () => void,
  ) {
    this.answered = new Promise((resolve, reject) => {
      this.settle = (message) => (isFailure(message) ? reject(message.error) : resolve());
    });
    const trace = currentTrace();
    if (trace !== undefined) requests.set(trace, this);
    const open = requestsOf.get(protocol) ?? new Set();
    requestsOf.set(protocol, open.add(this));
  }

  /** Notes an answer that is sent in the context of a request: by it, or by what it calls. */
  static answer(message: McpMessage): void {
    const trace = currentTrace();
    const request = trace === undefined ? undefined : requests.get(trace);
    if (request === undefined || request.id !== message.id) return;
    request.forget();
    request.settle(message);
  }

  /** Notes that the other side has cancelled a request: of two with one id, the later one. */
  static cancel(protocol: Protocol, id: unknown): void {
    const cancelled = [...(requestsOf.get(protocol) ?? [])].findLast((open) => open.id === id);
    cancelled?.abandon();
  }

  /** Notes that a connection is closed. */
  static abandonAll(protocol: Protocol): void {
    for (const request of requestsOf.get(protocol) ?? []) request.abandon();
  }

  private abandon(): void {
    this.forget();
    this.leave();
  }

  private forget(): void {
    requestsOf.get(this.protocol)?.delete(this);
  }
}
