import { EntryReader } from './entry-reader.js';
import type { LineFilter } from './line-filter.js';
import { LineSplitter } from './line-splitter.js';
import type { LogLine } from './log-line.js';
import type { ReadCounts } from './read-counts.js';
import { RequestGroups } from './request-groups.js';
import type { Sink } from './sink.js';
import { terminalText } from './terminal-text.js';

/** In live output: how long a request that has ended waits for more lines, and one that has not. */
const ENDED_MS = 200;
const OPEN_MS = 5000;
const NEWLINE = 10;

/** Where the bytes of a source go. */
export interface SourceInput {
  readonly push: (chunk: Buffer) => void;
  /** The last line may have no newline. More may follow, as of a file that is written anew. */
  readonly end: () => void;
}

/** Reads lines from any number of sources, and groups them by request. */
export class Untangler {
  /** Whether anything was shown. */
  hasShown = false;
  private shown = 0;
  private readonly readers = new Set<EntryReader>();
  private readonly groups: RequestGroups;

  constructor(
    private readonly sink: Sink,
    private readonly filter: LineFilter,
    private readonly counts: ReadCounts,
    /** How many requests, and lines outside of requests, are shown. */
    private readonly limit = Infinity,
  ) {
    this.groups = new RequestGroups((group) => {
      const passes = !this.isDone && filter.passesGroup(group);
      if (passes) {
        this.shown++;
        this.hasShown = true;
        sink.group(group);
      }
      return passes;
    });
  }

  /** Whether everything was shown that is wanted. */
  get isDone(): boolean {
    return this.shown >= this.limit;
  }

  /** Begins a source. */
  openSource(): SourceInput {
    this.sink.beginSource();
    const { counts } = this;
    let isInPart = false;
    const reader = new EntryReader({
      line: (line, bytes) => this.takeLine(line, bytes),
      other: (bytes) => {
        counts.addUnread(bytes);
        this.pass(bytes);
      },
    });
    const splitter = new LineSplitter(
      {
        line: (bytes, start, end) => {
          if (this.isDone) return;
          counts.lines++;
          reader.take(bytes, start, end);
        },
        part: (bytes) => {
          if (!isInPart) counts.addTooLong();
          isInPart = bytes.at(-1) !== NEWLINE;
          this.pass(bytes);
        },
      },
      this.filter.needle,
      () => reader.isPlain,
    );
    this.readers.add(reader);
    return {
      push: (chunk) => splitter.push(chunk),
      end: () => {
        splitter.end();
        reader.end();
      },
    };
  }

  /** Shows requests that have ended, or have had no line for long. */
  showQuiet(): void {
    const now = Date.now();
    for (const reader of this.readers) reader.closeOlder(now - ENDED_MS);
    this.groups.showQuiet(now, ENDED_MS, OPEN_MS);
  }

  end(): void {
    this.groups.showAll();
  }

  private takeLine(line: LogLine, bytes: number): void {
    if (line.key !== undefined) {
      this.groups.add(line.key, line, bytes, Date.now());
    } else if (!this.isDone && this.filter.passesAlone(line)) {
      this.shown++;
      this.hasShown = true;
      this.sink.line(line);
    }
  }

  /** Shows what is no entry. It has neither an id nor a level, so it matches hardly a filter. */
  private pass(bytes: Buffer): void {
    if (this.isDone || !this.filter.passesText(() => terminalText(bytes.toString()))) return;
    this.hasShown = true;
    this.sink.other(bytes);
  }
}
