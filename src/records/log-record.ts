import type { Application } from './application.js';
import type { RequestRecord, TraceFields } from './request-record.js';

/** A log entry at the moment of the call, before any format or transport. */
export interface LogRecord {
  /**
   * The application that wrote it: that of its request; outside of one, that of the logger.
   * `undefined` for a logger that several applications share, or none was given.
   */
  readonly application: Application | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** winston's name of the level. */
  readonly level: string;
  /** As the call had it: a string, mostly. */
  readonly message: unknown;
  /** The message as a string. */
  readonly text: string;
  /** The error that the entry is about, if it is about one. */
  readonly error: Error | undefined;
  /** The logger's name, as in `PaymentService`. */
  readonly context: string | undefined;
  /** The request that the entry belongs to; `undefined` outside a context. */
  readonly trace: RequestRecord | undefined;
  /** The running span: 16 lower-case hex digits. */
  readonly spanId: string | undefined;
  /** What `TraceContext.set` added. */
  readonly fields: TraceFields | undefined;
  /** Whether it is the access log line that ends a request, message, job or run. */
  readonly isAccessLog: boolean;
  /** The entry itself, as winston has it. Read it at once; it is not a copy. */
  readonly entry: Readonly<Record<string, unknown>>;
  /**
   * Visits the fields that the rest of the record does not hold: what `TraceContext.set` added,
   * then the entry's own, without level, message, context and timestamp, and without what only
   * repeats the error. A value is what the caller gave: a getter that throws gives a text instead.
   */
  forEachField(visit: (name: string, value: unknown) => void): void;
  /**
   * The entry as one line of the library's own JSON, whatever the application's format.
   *
   * @param service the name of the service on it. Default: that of {@link application}.
   */
  json(service?: string): string;
}
