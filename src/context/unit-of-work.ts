import type { UnitOfWorkFields, UnitOfWorkKind } from '../records/access-log-record.js';
import type { TraceCarrier } from '../trace/open-trace.js';
import type { ReadCarrier } from '../trace/propagation.js';
import type { Trace } from '../trace/trace.js';

/** A message, a job or a run: work of an application that is not an HTTP request. */
export interface UnitOfWork {
  /** Decides the message of its access log line: `Message finished`, `Job finished`, `Run finished`. */
  readonly kind: UnitOfWorkKind;
  /** How it arrived, as in `tcp`. */
  readonly transport: string;
  /** Whether its sender waits for a response. Default: `false`. */
  readonly isCall?: boolean | undefined;
  /** Reads the trace headers that came with it. Omit it where there are none. */
  readonly read?: ReadCarrier;
  /** Instead of headers: ids that are known to be valid and trusted. */
  readonly carrier?: TraceCarrier;
  /** The trace that it belongs to where it has no `traceparent`: of a connection or HTTP request. */
  readonly parent?: Trace | undefined;
  /** Whether it has a request id of its own although it has a parent. Default: `false`. */
  readonly hasOwnRequestId?: boolean;
  /** The session that is known of its sender, for one that has none in its headers. */
  readonly sessionId?: string | undefined;
  /**
   * The level that its sender asks for, in words of NestJS. It counts where the sender is trusted, and
   * where no `debugKey` says that a signature is needed.
   */
  readonly logLevel?: string | undefined;
  /** As in `PaymentController.pay`. */
  readonly handler?: string | undefined;
  /** What its access log line says about it. */
  readonly fields?: UnitOfWorkFields;
  /**
   * Whether it only lends its context, to a function that is about the work and not part of it:
   * nothing begins or ends, so there is no access log line. Default: `false`.
   */
  readonly isContextOnly?: boolean;
  /** Gets the function to call when the client disconnects, where the transport knows that. */
  readonly onLeave?: (left: () => void) => void;
}

/**
 * Runs a function as a unit of work: in a trace of its own, with one access log line when its
 * result has ended, whether a value, a promise, an observable, or a promise of an observable.
 */
export type RunUnitOfWork = <T>(work: UnitOfWork, fn: () => T) => T;

/** The token of {@link RunUnitOfWork}. */
export const RUN_UNIT_OF_WORK = Symbol('nestjs-tracing.run-unit-of-work');
