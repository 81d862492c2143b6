import type { Logger } from 'winston';
import { definePatch } from '../../instrumentation/patch.js';

const STREAM_STATE = definePatch({
  package: 'winston',
  target: '_readableState and _writableState of a logger (read only)',
  gives: "log lines that need not go through the logger's two queues",
  without: 'log lines take longer',
  why: '`logger.transports` makes a new list each time, and nothing public says whether a queue is empty',
});

export type Transport = Logger['transports'][number];

/** A winston logger as a stream. winston itself reads its transports from this state. */
interface LoggerStream {
  readonly _readableState: {
    readonly pipes: Transport | readonly Transport[] | null;
    readonly flowing: boolean | null;
    readonly length: number;
  };
  readonly _writableState: {
    readonly length: number;
    readonly corked: number;
    readonly ending: boolean;
  };
  listenerCount(event: string): number;
}

const NONE: readonly Transport[] = [];

/** The transports of a logger, without the list that winston makes each time. */
export class LoggerPipes {
  /** `undefined` where its state has another shape: then winston's public API is used. */
  private readonly stream: LoggerStream | undefined;
  private single: readonly [Transport] | undefined;

  constructor(private readonly logger: Logger) {
    const stream = logger as Logger & Partial<LoggerStream>;
    if (hasKnownState(stream)) this.stream = stream;
    else STREAM_STATE.unsupported('it has another state than a stream of Node');
  }

  get transports(): readonly Transport[] {
    if (this.stream === undefined) return this.logger.transports;
    const { pipes } = this.stream._readableState;
    if (pipes === null || pipes === undefined) return NONE;
    if (isList(pipes)) return pipes;
    if (this.single?.[0] !== pipes) this.single = [pipes];
    return this.single;
  }

  /** winston's `isLevelEnabled` without its closures: this runs for every call. */
  isWritten(name: string): boolean {
    const { levels, level } = this.logger;
    const { transports } = this;
    const asked = levels[name];
    if (asked === undefined) return false;
    const own = levels[level] ?? -1;
    for (let i = 0; i < transports.length; i++) {
      const transport = transports[i]!;
      const limit = transport.level === undefined ? own : (levels[transport.level] ?? own);
      if (limit >= asked) return true;
    }
    return transports.length === 0 && own >= asked;
  }

  /**
   * Whether a level below the logger's is written by a transport with a more verbose level of its own,
   * and not by another one that has the logger's other entries.
   */
  isWrittenInPart(name: string): boolean {
    const { levels, level } = this.logger;
    const asked = levels[name];
    const own = levels[level] ?? -1;
    if (asked === undefined || own >= asked) return false;
    const limit = this.forcedLimit;
    if (limit === undefined) return false;
    const { transports } = this;
    let isWritten = false;
    let isLeftOut = false;
    for (let i = 0; i < transports.length; i++) {
      const transport = transports[i]!;
      if (isPlainStream(transport)) continue;
      const { level: theirs } = transport;
      const reached = theirs === undefined ? own : (levels[theirs] ?? own);
      if (reached >= asked) isWritten = true;
      else if (reached >= limit) isLeftOut = true;
    }
    return isWritten && isLeftOut;
  }

  /**
   * The level up to which a transport has to go for entries that are written below the logger's
   * level: that of the logger, or else of its most verbose transport. A file of errors alone does
   * not get them. `undefined` for a logger that writes nothing at all.
   */
  get forcedLimit(): number | undefined {
    const { levels, level, silent } = this.logger;
    if (silent) return undefined;
    const own = levels[level] ?? -1;
    const { transports } = this;
    let most = transports.length === 0 ? own : -1;
    for (let i = 0; i < transports.length; i++) {
      const { level: theirs } = transports[i]!;
      most = Math.max(most, theirs === undefined ? own : (levels[theirs] ?? own));
    }
    const limit = own === -1 ? most : Math.min(own, most);
    return limit === -1 ? undefined : limit;
  }

  /** Whether it writes nothing at all. */
  get isOff(): boolean {
    const { levels, level, silent } = this.logger;
    return silent || (levels[level] === undefined && this.forcedLimit === undefined);
  }

  /** Whether a stream of another kind reads from it, which gets entries of all levels. */
  get hasPlainStream(): boolean {
    const { transports } = this;
    for (let i = 0; i < transports.length; i++) if (isPlainStream(transports[i]!)) return true;
    return this.stream !== undefined && this.stream.listenerCount('data') > transports.length;
  }

  /**
   * Whether nothing waits in the logger and only its transports read from it. An entry can then be
   * passed to them directly: the stream's two queues cost as much as the line itself.
   */
  get isIdle(): boolean {
    if (this.stream === undefined) return false;
    const { _readableState: read, _writableState: write } = this.stream;
    return (
      read.flowing === true &&
      read.length === 0 &&
      write.length === 0 &&
      write.corked === 0 &&
      !write.ending &&
      this.stream.listenerCount('data') === this.transports.length
    );
  }
}

/** Whether a transport is a stream that knows nothing of winston's levels. */
export function isPlainStream(transport: { log?: unknown; transport?: unknown }): boolean {
  return transport.log === undefined && transport.transport === undefined;
}

function hasKnownState(stream: Partial<LoggerStream>): stream is LoggerStream {
  const { _readableState: read, _writableState: write } = stream;
  return (
    typeof read === 'object' &&
    'pipes' in read &&
    typeof read.length === 'number' &&
    typeof write === 'object' &&
    typeof write.length === 'number' &&
    typeof write.corked === 'number'
  );
}

function isList(pipes: Transport | readonly Transport[]): pipes is readonly Transport[] {
  return Array.isArray(pipes);
}
