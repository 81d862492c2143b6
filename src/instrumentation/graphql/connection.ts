import type { IncomingMessage } from 'node:http';
import { runWithTrace } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { isValidId } from '../../trace/ids.js';
import { allHeaders, carrierText, type TraceHeaders } from '../../trace/propagation.js';
import type { Trace } from '../../trace/trace.js';
import { parseTraceparent } from '../../trace/traceparent.js';
import { SocketOperation } from './operation.js';

/** What is known of a socket when it has said hello. */
export interface Handshake {
  /** The name of its protocol. */
  readonly transport: string;
  readonly request: IncomingMessage;
  /** Where the platform routes upgrade requests like any other: the trace of this one. */
  readonly upgrade?: Trace | undefined;
  /**
   * What the client said. A browser cannot set the headers of a WebSocket, so what would be one
   * stands there.
   */
  readonly params: unknown;
  /** Whether the client is still there. */
  readonly isOpen: () => boolean;
}

/** A socket that GraphQL operations come over. */
export class GraphqlConnection {
  private readonly trace: Trace;
  private readonly operations = new Set<SocketOperation>();

  constructor(
    private readonly host: TracedApplication,
    private readonly handshake: Handshake,
  ) {
    const { request, transport } = handshake;
    this.trace = host.openConnection(withHeaders(request, headersOf(handshake)), transport);
  }

  /** Runs what belongs to the connection, not to one of its operations. */
  run<T>(fn: () => T): T {
    return runWithTrace(this.trace, fn);
  }

  /** Begins an operation that came over it. */
  begin(): SocketOperation {
    const { transport, isOpen } = this.handshake;
    const operation = new SocketOperation(
      this.host,
      { kind: 'message', transport, parent: this.trace, hasOwnRequestId: true },
      isOpen,
      () => this.operations.delete(operation),
    );
    this.operations.add(operation);
    return operation;
  }

  /** Ends all that is still at work: the client has gone, or this side gave up. */
  close(hasFailed = false): void {
    for (const operation of this.operations) {
      if (hasFailed) operation.fail();
      else operation.end();
    }
  }
}

/** The same request with some headers replaced. */
function withHeaders(request: IncomingMessage, headers: TraceHeaders): IncomingMessage {
  return Object.create(request, {
    headers: { value: { ...request.headers, ...headers } },
  }) as IncomingMessage;
}

/** The client's parameters go before its headers, which are those that the upgrade began with. */
function headersOf({ params, upgrade }: Handshake): TraceHeaders {
  const headers = headersOfParams(params);
  const isNamed = 'traceparent' in headers || 'x-request-id' in headers;
  if (upgrade === undefined || isNamed) return headers;
  return { ...allHeaders(upgrade, upgrade.spanId), ...headers };
}

/** The parameters that stand for headers. One that is not valid replaces none. */
function headersOfParams(params: unknown): TraceHeaders {
  const given = fieldsOf(params);
  const headers: TraceHeaders = {};
  const take = (name: string, isValid: (value: string) => boolean): boolean => {
    const value = carrierText(given.get(name));
    if (value === undefined || !isValid(value)) return false;
    headers[name] = value;
    return true;
  };
  if (take('traceparent', (value) => parseTraceparent(value) !== undefined)) {
    // Those of the upgrade request belong to another one.
    headers['tracestate'] = carrierText(given.get('tracestate')) ?? '';
    headers['baggage'] = carrierText(given.get('baggage')) ?? '';
  }
  // Who signs in here has that session, as in the requests that carry the same token.
  if (take('authorization', () => true)) headers['x-session-id'] = '';
  take('x-session-id', isValidId);
  take('x-request-id', isValidId);
  return headers;
}

/** Own properties by lower-case name. */
function fieldsOf(params: unknown): Map<string, unknown> {
  const entries = typeof params === 'object' && params !== null ? Object.entries(params) : [];
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
