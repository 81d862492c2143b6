import type { IncomingMessage } from 'node:http';
import type { ModulesContainer } from '@nestjs/core';
import type { UnitOfWorkFields, UnitOfWorkKind } from '../records/access-log-record.js';
import type { TraceCarrier } from '../trace/open-trace.js';
import type { ReadCarrier } from '../trace/propagation.js';
import type { Span } from '../trace/span.js';
import type { SpanStart } from '../records/span-record.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';

/** A message, a job or a run: whatever an application does that is not an HTTP request. */
export interface UnitOfWork {
  /** Names its finish line: `Message finished`, `Job finished`, `Run finished`. */
  readonly kind: UnitOfWorkKind;
  /** How it came in, as in `tcp`. */
  readonly transport: string;
  /** The trace headers that came with it. Left out: none did. */
  readonly read?: ReadCarrier;
  /** Instead of headers: ids that are known to be valid and trusted. */
  readonly carrier?: TraceCarrier;
  /** What it is part of where it brings no `traceparent`: a connection, an HTTP request. */
  readonly parent?: Trace | undefined;
  /** Whether it has a request id of its own although it is part of something. Default: `false`. */
  readonly hasOwnRequestId?: boolean;
  /** That of its connection: its session where it brings none and is part of nothing. */
  readonly sessionId?: string | undefined;
  /** As in `PaymentController.pay`. */
  readonly handler?: string | undefined;
  /** What its finish line says of it. */
  readonly fields?: UnitOfWorkFields;
  /** Is handed what to call when whoever waits for it leaves, where its transport knows that. */
  readonly onLeave?: (left: () => void) => void;
}

/**
 * Runs a function as a piece of work: in a trace of its own, with one finish line when what it
 * returns has ended, be it a value, a promise, an observable, or a promise of one.
 */
export type RunUnitOfWork = <T>(work: UnitOfWork, fn: () => T) => T;

/** The token of {@link RunUnitOfWork}. */
export const RUN_UNIT_OF_WORK = Symbol('nestjs-tracing.run-work');

/**
 * Begins a span of the current trace; whoever does has to end it. `undefined` outside a context,
 * and where the trace has as many spans as it may.
 */
export type OpenSpan = (start: SpanStart) => Span | undefined;

/** What each way into an application is given to work with. */
export interface TracedApplication {
  /** The application, as NestJS knows it. */
  readonly modules: ModulesContainer;
  /** How it makes ids: its own, so that its traces can be told from those of others. */
  readonly policy: TracePolicy;
  readonly runUnitOfWork: RunUnitOfWork;
  readonly openSpan: OpenSpan;
  /** Opens the trace of a connection that began as an HTTP request, without a finish line. */
  readonly openConnection: (handshake: IncomingMessage, transport: string) => Trace;
}

/** The token of {@link TracedApplication}. */
export const TRACED_APPLICATION = Symbol('nestjs-tracing.transport-host');
