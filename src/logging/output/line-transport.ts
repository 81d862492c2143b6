import winston, { type Logform, type Logger } from 'winston';
import type { LineCounts, LineOutput } from './buffered-output.js';
import { isSelfContained } from '../formats/line-format.js';
import { addMissingIds } from '../formats/trace-format.js';
import { FORCED, type CapturedEntry } from '../winston/captured-entry.js';
import { takesForced } from '../winston/forced-level.js';
import { LEVEL, MESSAGE } from '../winston/winston-symbols.js';

type WinstonTransport = Logger['transports'][number] & {
  /** The logger that pipes into it, and its levels. */
  parent?: Logger | null;
  levels?: Record<string, number>;
};

/** What winston's own transports take. */
export interface TransportOptions {
  /** Entries that are less severe are left out. Default: the level of the logger. */
  level?: string;
  /** A format of this transport's own, after that of the logger. */
  format?: Logform.Format;
  /** Writes nothing. */
  silent?: boolean;
  /** Whether winston catches uncaught exceptions and writes them here. */
  handleExceptions?: boolean;
  /** The same for unhandled rejections. */
  handleRejections?: boolean;
}

// winston exports its base class, but its types do not say so.
const { Transport } = winston as typeof winston & {
  readonly Transport: new (options?: TransportOptions) => WinstonTransport;
};

interface LineEntry {
  level: string;
  message: unknown;
  readonly [LEVEL]: string;
  readonly [FORCED]?: number;
  /** The line, if a format has made one. */
  readonly [MESSAGE]: unknown;
  /** winston's marks on an exception or rejection that it has caught. */
  readonly exception?: unknown;
  readonly rejection?: unknown;
  /** `TracingLogger`'s mark where the logger has no such level. */
  readonly fatal?: unknown;
}

/** A winston transport that writes lines and never waits for them. */
export class LineTransport extends Transport {
  constructor(
    protected readonly output: LineOutput,
    options?: TransportOptions,
  ) {
    super(options);
  }

  /** How many lines were written, lost or kept so far. */
  get counts(): LineCounts {
    return this.output.counts;
  }

  /**
   * Takes an entry from the logger's pipe. Appending to a string needs none of a stream's queues and
   * callbacks, which cost more than the line itself.
   *
   * @internal
   */
  override write(chunk: unknown): boolean {
    const entry = chunk as LineEntry;
    if (!this.accepts(entry)) return true;
    if (this.format === undefined) this.take(entry, entry[MESSAGE]);
    else this.takeFormatted(entry, this.format);
    return true;
  }

  /**
   * What winston calls on a transport. Only a stream that is written to directly, and winston's own
   * stream for exceptions, get here.
   *
   * @internal
   */
  override log(entry: LineEntry, next: () => void): void {
    this.take(entry, entry[MESSAGE]);
    next();
  }

  /** Writes all lines now. Returns `false` if some wait for a slow reader or a full disk. */
  flush(): boolean {
    return this.output.flush();
  }

  /**
   * Writes all lines, and closes a file that it has opened; a later line opens it again. Lines that a
   * slow reader does not accept yet are written later, and the file is closed after them.
   */
  override close(): void {
    this.output.close();
  }

  /**
   * From now on, writes each line at once. An application that shuts down on a signal raises it
   * again when its hooks have run, and that ends the process without `exit`.
   *
   * @internal
   */
  stopGathering(): void {
    this.output.stopGathering();
  }

  /**
   * Waits for a slow reader until all lines are written, for two seconds at most.
   *
   * @internal
   */
  drain(): Promise<void> {
    return this.output.drain();
  }

  /** The rules of winston's own base class: silence, handled exceptions, the level. */
  private accepts(entry: LineEntry): boolean {
    if (this.silent || (entry.exception === true && !this.handleExceptions)) return false;
    const limit = entry[FORCED];
    if (limit !== undefined) return takesForced(this, entry, limit);
    const level = this.level ?? this.parent?.level;
    const { levels } = this;
    return !level || levels === undefined || (levels[level] ?? -1) >= (levels[entry[LEVEL]] ?? 0);
  }

  private takeFormatted(entry: LineEntry, format: Logform.Format): void {
    const copy: CapturedEntry & LineEntry = { ...entry };
    if (!isSelfContained(format)) addMissingIds(copy, this.parent?.format);
    const formatted = format.transform(copy, format.options);
    if (typeof formatted === 'object') this.take(entry, formatted[MESSAGE]);
  }

  private take(entry: LineEntry, line: unknown): void {
    this.output.append(typeof line === 'string' ? line : String(line));
    if (isFatal(entry)) this.output.flush();
  }
}

/** Whether the process may not live to write it later. */
function isFatal(entry: LineEntry): boolean {
  return (
    entry[LEVEL] === 'fatal' ||
    entry.fatal === true ||
    entry.exception === true ||
    entry.rejection === true
  );
}
