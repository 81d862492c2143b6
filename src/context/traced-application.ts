import type { IncomingMessage } from 'node:http';
import type { ModulesContainer } from '@nestjs/core';
import type { SpanStart } from '../records/span-record.js';
import type { Span } from '../trace/span.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';
import type { RunUnitOfWork } from './unit-of-work.js';

/**
 * Starts a span of the current trace, which the caller has to end. `undefined` outside a context,
 * and where the trace has the most spans it may have.
 */
export type OpenSpan = (start: SpanStart) => Span | undefined;

/** An application, and what instrumentations need to trace it. */
export interface TracedApplication {
  /** The modules of the application. */
  readonly modules: ModulesContainer;
  /** How it makes ids. Each application has its own, which identifies its traces. */
  readonly policy: TracePolicy;
  readonly runUnitOfWork: RunUnitOfWork;
  readonly openSpan: OpenSpan;
  /** Opens the trace of a connection that began as an HTTP request, without an access log line. */
  readonly openConnection: (handshake: IncomingMessage, transport: string) => Trace;
  /** The session of a client of MCP without sessions; see `RequestTracer.sessionOfClient`. */
  readonly sessionOfClient: (trace: Trace, client: string) => string | undefined;
}

/** The token of {@link TracedApplication}. */
export const TRACED_APPLICATION = Symbol('nestjs-tracing.traced-application');
