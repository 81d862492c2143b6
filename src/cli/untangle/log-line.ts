import type { EntryError } from './entry-error.js';
import type { OtherField } from './entry-fields.js';
import type { RequestFacts } from './request-facts.js';

/** A line of a log, whatever logger wrote it. */
export interface LogLine {
  /** Milliseconds since the Unix epoch; `undefined` where the line does not say. */
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
  /** The requests that have the same are one: which process, which trace, which request. */
  readonly key: string | undefined;
  /** What the line says of its request. */
  readonly facts: RequestFacts | undefined;
  /** Whether it is the line that ends its request. */
  readonly isAccessLogEntry: boolean;
  readonly fields: readonly OtherField[] | undefined;
  readonly error: EntryError | undefined;
}
