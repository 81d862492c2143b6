import type { IncomingMessage } from 'node:http';
import { runWithTrace } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/traced-application.js';
import { isValidId } from '../../trace/ids.js';
import { carrierText } from '../../trace/carrier-text.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import type { Trace } from '../../trace/trace.js';
import { parseTraceparent } from '../../trace/traceparent.js';
import { OpenWork } from '../open-work.js';
import { SocketOperation } from './socket-operation.js';

/** What is known of a socket when its client has initialised the connection. */
export interface Handshake {
  /** The name of its protocol. */
  readonly transport: string;
  readonly request: IncomingMessage;
  /** The trace of the upgrade request, where the platform routes upgrade requests like others. */
  readonly upgrade?: Trace | undefined;
  /** The client's `connectionParams`: a browser cannot set headers, so it sends them in here. */
  readonly params: unknown;
  /** Whether the client is still connected. */
  readonly isOpen: () => boolean;
}

/** An operation, and what its client calls it. */
interface Named {
  readonly id: unknown;
  readonly operation: SocketOperation;
}

/** A socket that GraphQL operations come over. */
export class GraphqlConnection {
  private readonly trace: Trace;
  private readonly operations = new OpenWork<SocketOperation, Named>(({ operation }) =>
    operation.leave(),
  );

  constructor(
    private readonly application: TracedApplication,
    private readonly handshake: Handshake,
  ) {
    const { request, transport } = handshake;
    this.trace = application.openConnection(withHeaders(request, headersOf(handshake)), transport);
  }

  /** Runs what belongs to the connection, not to one of its operations. */
  run<T>(fn: () => T): T {
    return runWithTrace(this.trace, fn);
  }

  /**
   * Begins an operation that came over it.
   *
   * @param id what its client calls it, where it is to be found by that.
   */
  begin(id?: unknown): SocketOperation {
    const { transport, isOpen } = this.handshake;
    const operation = new SocketOperation(
      this.application,
      { kind: 'message', transport, parent: this.trace, hasOwnRequestId: true },
      isOpen,
      () => this.operations.take(operation),
    );
    this.operations.add(operation, { id, operation });
    return operation;
  }

  /** The open operation that its client calls so: of two with one id, the later one. */
  operation(id: unknown): SocketOperation | undefined {
    return this.operations.all.findLast((named) => named.id === id)?.operation;
  }

  /** Ends the open operations: the client has disconnected, or the server has closed the socket. */
  close(hasFailed = false): void {
    for (const { operation } of this.operations.all) {
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

/** The client's parameters take precedence over the headers of the upgrade request. */
function headersOf({ params, upgrade }: Handshake): TraceHeaders {
  const headers = headersOfParams(params);
  const isNamed = 'traceparent' in headers || 'x-request-id' in headers;
  if (upgrade === undefined || isNamed) return headers;
  return { ...allHeaders(upgrade, upgrade.spanId), ...headers };
}

/** The parameters that replace headers. One that is not valid replaces none. */
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
    // Those of the upgrade request belong to another trace.
    headers['tracestate'] = carrierText(given.get('tracestate')) ?? '';
    headers['baggage'] = carrierText(given.get('baggage')) ?? '';
  }
  // A client that authenticates here has the session of requests with the same token.
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
