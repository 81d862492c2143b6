import type { LogLine } from './log-line.js';
import type { RequestGroup } from './request-groups.js';

/** Where what is found goes. */
export interface Sink {
  /** Lines of one request. */
  group(group: RequestGroup): void;
  /** A line of no request. */
  line(line: LogLine): void;
  /** What comes next is from another source. */
  beginSource(): void;
  /** What is no JSON line. The bytes are only lent. */
  other(bytes: Buffer): void;
  /** Makes sure that everything so far is where it belongs. */
  flush(): Promise<void>;
  /** Nothing more comes. */
  end(): Promise<void>;
}
