import type { IncomingMessage, ServerResponse } from 'node:http';
import { activeSpan, runWithSdkSpan } from '../context/sdk-spans.js';
import { enterTrace } from '../context/trace-store.js';
import { tracingChannels } from '../records/channels.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { filterBaggage } from '../trace/baggage.js';
import { openTrace, type TraceCarrier } from '../trace/open-trace.js';
import type { Trace } from '../trace/trace.js';
import { handshakeSpan } from './handshake-span.js';
import { HttpMetadata } from './request-metadata.js';
import {
  keepRequestContext,
  ownerOf,
  requestClosed,
  responseOf,
  type OpenRequest,
} from './request-context.js';
import { endRequestSpan, startRequestSpan } from './sdk-request-span.js';
import {
  clientSessionReader,
  requestIdReader,
  sessionIdReader,
  traceReader,
  type IdReader,
} from './id-sources.js';
import { keepHeader } from './response-ids.js';
import { closeWithConnection } from './pipelined-responses.js';

/**
 * Called once for each request, in its context, when the response has closed.
 *
 * @param isComplete whether the whole response was handed over, where no connection closes it.
 */
export type OnResponseClose = (
  trace: Trace,
  request: IncomingMessage,
  response: ServerResponse,
  isComplete: boolean,
) => void;

/** Whether a request has a trace already. */
export function isTraced(request: IncomingMessage): boolean {
  return ownerOf(request) !== undefined;
}

/** Opens a trace for each HTTP request, and closes it with its response. */
export class RequestTracer {
  private readonly readTrace: ReturnType<typeof traceReader>;
  /** What was read of requests that were named early. */
  private early: WeakMap<IncomingMessage, TraceCarrier> | undefined;
  private readonly readRequestId: IdReader;
  private readonly readSessionId: IdReader;
  private readonly readClientSession: ReturnType<typeof clientSessionReader>;

  constructor(
    private readonly options: ResolvedTracingOptions,
    private readonly onClose: OnResponseClose,
    /** Called with each response before anything is written to it. */
    private readonly onOpen?: (response: ServerResponse, trace: Trace) => void,
  ) {
    this.readTrace = traceReader(options);
    this.readRequestId = requestIdReader(options);
    this.readSessionId = sessionIdReader(options);
    this.readClientSession = clientSessionReader(options);
  }

  /**
   * Runs `next` in the trace of a request, which is new unless the request has one.
   *
   * @param routed the platform's own object for the request.
   */
  run<T>(request: IncomingMessage, response: ServerResponse, routed: object, next: () => T): T {
    if (isTraced(request)) return next();

    const carrier = this.read(request);
    const { policy } = this.options;
    const metadata = new HttpMetadata(request, routed);
    // A span that an instrumentation of the SDK has started is ended by that instrumentation.
    const active = activeSpan();
    const sdkSpan = active === undefined ? startRequestSpan(metadata, carrier) : undefined;
    const trace = openTrace(carrier, policy, metadata, (active ?? sdkSpan)?.spanContext());
    trace.sdkSpan = sdkSpan;
    this.answer(response, trace, carrier);
    this.onOpen?.(response, trace);
    keepRequestContext({ trace, request, response, onClose: this.close });
    policy.application.inFlight++;
    if (response.socket === null) closeWithConnection(request, response);
    const { requestStart } = tracingChannels;
    const first = requestStart.hasSubscribers
      ? (): T => {
          requestStart.publish({ trace });
          return next();
        }
      : next;
    if (sdkSpan === undefined) return enterTrace(trace, true, first);
    return runWithSdkSpan(sdkSpan, () => enterTrace(trace, true, first));
  }

  /** Opens the trace of a connection that begins with this request, such as a WebSocket's. */
  openConnection(handshake: IncomingMessage, transport: string): Trace {
    const metadata = { transport, startedAt: Date.now() };
    const active = activeSpan()?.spanContext();
    const trace = openTrace(this.read(handshake), this.options.policy, metadata, active);
    // It ends without a line.
    trace.recording = null;
    const { spanFinish } = tracingChannels;
    if (spanFinish.hasSubscribers) spanFinish.publish({ trace, span: handshakeSpan(trace) });
    return trace;
  }

  /**
   * The session of a client of MCP without sessions, which its message shows. The request that brought
   * the message belongs to it too, from now on.
   *
   * @param client what it says of itself.
   */
  sessionOfClient(trace: Trace, client: string): string | undefined {
    const { raw } = trace.metadata;
    if (raw === undefined || !trace.origin.isTrusted) return undefined;
    const sessionId = this.readClientSession(raw as IncomingMessage, client);
    const { sessionId: generated } = trace;
    if (sessionId === undefined || sessionId === generated) return sessionId;
    trace.nameSession(sessionId);
    const response = responseOf(raw);
    const { header } = this.options.session;
    if (header !== undefined && response?.headersSent === false) {
      if (response.getHeader(header) === generated) response.removeHeader(header);
    }
    return sessionId;
  }

  /** The id of a request that is not traced yet, for a platform that needs it before its hooks. */
  nameEarly(request: IncomingMessage): string {
    const carrier = this.read(request);
    carrier.newRequestId = carrier.requestId ?? this.options.policy.newRequestId();
    this.early ??= new WeakMap();
    this.early.set(request, carrier);
    return carrier.newRequestId;
  }

  private read(request: IncomingMessage): TraceCarrier {
    const early = this.early?.get(request);
    if (early !== undefined) return early;
    const received = request.headers as Record<string, string>;
    if (!this.options.isTrusted(request)) return { isTrusted: false, received };
    const { traceparent, tracestate, baggage } = received;
    const carrier: TraceCarrier = {
      traceparent,
      tracestate,
      baggage: filterBaggage(baggage, this.options.baggage),
      requestId: this.readRequestId(request),
      sessionId: this.readSessionId(request),
      received,
    };
    this.readTrace(request, carrier);
    return carrier;
  }

  private answer(response: ServerResponse, trace: Trace, carrier: TraceCarrier): void {
    trace.metadata.nameRequest?.(trace.requestId);
    if (response.headersSent) return;
    const { requestId, traceId, session } = this.options;
    setHeader(response, requestId.header, trace.requestId);
    setHeader(response, traceId.header, trace.traceId);
    // The hash of a secret is not sent back, not even to the client that sent the secret.
    const isDerived = carrier.sessionId !== undefined && /^(?:tok|mcp)_/.test(carrier.sessionId);
    if (!isDerived) setHeader(response, session.header, trace.sessionId);
    // Code that answers with the id it was sent must not send back one that was not adopted.
    const sent = trace.received('x-request-id');
    if (typeof sent === 'string' && sent !== trace.requestId && requestId.header !== undefined) {
      keepHeader(response, requestId.header, sent);
    }
  }

  private readonly close = (closed: OpenRequest, isComplete = false): void => {
    const { trace, request, response } = closed;
    if (trace.finished) return;
    trace.finished = true;
    trace.policy.application.inFlight--;
    requestClosed(closed);
    this.onClose(trace, request, response, isComplete);
    if (trace.sdkSpan !== undefined) endRequestSpan(trace.sdkSpan, trace, response, isComplete);
    // An async context may outlive the request.
    if (trace.thrown !== undefined) trace.thrown = undefined;
  };
}

function setHeader(
  response: ServerResponse,
  name: string | undefined,
  value: string | undefined,
): void {
  if (name === undefined || value === undefined) return;
  try {
    response.setHeader(name, value);
  } catch {
    // The user's own validator accepted a character that no header may have.
  }
}
