import type { Application } from './application.js';
import type { RequestRecord, TraceFields } from './request-record.js';

/** A log entry at the time of the log call, before any format or transport. */
export interface LogRecord {
  /**
   * The application that logged it: the application of its request, or that of the logger outside of
   * requests. `undefined` for a logger that belongs to no application or to several.
   */
  readonly application: Application | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** The name of the level in winston. */
  readonly level: string;
  /** The message as it was logged, usually a string. */
  readonly message: unknown;
  /** The message as a string. */
  readonly text: string;
  /** The error of the entry, if it has one. */
  readonly error: Error | undefined;
  /** The name of the logger, such as `PaymentService`. */
  readonly context: string | undefined;
  /** The request, message, job or run that the entry belongs to; `undefined` outside of one. */
  readonly trace: RequestRecord | undefined;
  /** The id of the running span: 16 lower-case hex digits. */
  readonly spanId: string | undefined;
  /** The fields that `TraceContext.set` added, as they were set: not redacted. */
  readonly fields: TraceFields | undefined;
  /** Whether it is the access log line that ends a request, message, job or run. */
  readonly isAccessLog: boolean;
  /**
   * The entry object of winston: nothing in it is redacted or cut. It is not a copy, so read it
   * synchronously.
   */
  readonly entry: Readonly<Record<string, unknown>>;
  /**
   * Visits the fields that are not properties of this record: those that `TraceContext.set` added,
   * then those of the entry itself, without level, message, context, timestamp and fields that only
   * repeat the error. Objects are visited as plain JSON values, which are redacted, and cut, as those
   * of a line are.
   */
  forEachField(visit: (name: string, value: unknown) => void): void;
  /**
   * Formats the entry as one line of this library's JSON, independent of the application's format.
   *
   * @param service the name of the service in the line. Default: that of {@link application}.
   */
  json(service?: string): string;
}
