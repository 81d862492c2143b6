import type { Logger } from 'winston';

export type Transport = Logger['transports'][number];

/** A winston logger as the stream that it is; winston itself reads its transports here. */
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

/** The transports of a logger, without the list that winston makes for each question. */
export class LoggerPipes {
  private readonly stream: LoggerStream;
  private single: readonly [Transport] | undefined;

  constructor(private readonly logger: Logger) {
    this.stream = logger as unknown as LoggerStream;
  }

  get transports(): readonly Transport[] {
    const { pipes } = this.stream._readableState;
    if (pipes === null || pipes === undefined) return NONE;
    if (isList(pipes)) return pipes;
    if (this.single?.[0] !== pipes) this.single = [pipes];
    return this.single;
  }

  /** winston's `isLevelEnabled` without its closures: this is asked for every call. */
  isWritten(name: string): boolean {
    const { levels, level } = this.logger;
    const { transports } = this;
    const asked = levels[name];
    if (asked === undefined) return false;
    const own = levels[level] ?? -1;
    for (const transport of transports) {
      const limit = transport.level === undefined ? own : (levels[transport.level] ?? own);
      if (limit >= asked) return true;
    }
    return transports.length === 0 && own >= asked;
  }

  /**
   * Whether nothing waits in the logger and nobody but its transports reads from it. An entry can
   * then go to them past the stream's two queues, which cost as much as the line itself.
   */
  get isIdle(): boolean {
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

function isList(pipes: Transport | readonly Transport[]): pipes is readonly Transport[] {
  return Array.isArray(pipes);
}
