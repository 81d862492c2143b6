import type { LogLine } from './log-line.js';
import type { RequestGroup } from './request-groups.js';

/** The output of `untangle`. */
export interface Sink {
  /** Lines of one request. */
  group(group: RequestGroup): void;
  /** A line outside of any request. */
  line(line: LogLine): void;
  /** Called before the input of another source. */
  beginSource(): void;
  /** Input that is no JSON line. The bytes are overwritten later. */
  other(bytes: Buffer): void;
  /** Writes everything so far. */
  flush(): Promise<void>;
  /** Called at the end. */
  end(): Promise<void>;
}
