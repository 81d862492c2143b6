import type { LineError } from './line-error.js';
import type { OtherField } from './entry-fields.js';
import type { RequestFields } from './request-fields.js';

/** A line of a log, read from the format of any logger. */
export interface LogLine {
  /** Milliseconds since the Unix epoch; `undefined` for a line without a time. */
  readonly time: number | undefined;
  /** In lower case. */
  readonly level: string;
  readonly severity: number;
  readonly message: string;
  readonly context: string | undefined;
  readonly service: string | undefined;
  readonly trace: string | undefined;
  readonly request: string | undefined;
  readonly session: string | undefined;
  readonly span: string | undefined;
  /** Lines with the same key are of one request: process, trace and request id. */
  readonly key: string | undefined;
  /** The fields of its request that are on this line. */
  readonly requestFields: RequestFields | undefined;
  /** Whether it is the line that ends its request. */
  readonly isAccessLogEntry: boolean;
  readonly fields: readonly OtherField[] | undefined;
  readonly error: LineError | undefined;
}
