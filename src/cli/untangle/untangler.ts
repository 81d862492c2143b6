import type { LineFilter } from './line-filter.js';
import { LineSplitter } from './line-splitter.js';
import type { LogLine } from './log-line.js';
import { entriesOf } from './otlp-entries.js';
import { readLine } from './read-line.js';
import { RequestGroups } from './request-groups.js';
import type { Sink } from './sink.js';

/** In live output: how long a request that has ended waits for more lines, and one that has not. */
const ENDED_MS = 200;
const OPEN_MS = 5000;

/** Reads lines from any number of sources, and groups them by request. */
export class Untangler {
  /** Whether anything was shown. */
  hasShown = false;
  private readonly groups: RequestGroups;

  constructor(
    private readonly sink: Sink,
    private readonly filter: LineFilter,
  ) {
    this.groups = new RequestGroups((group) => {
      const passes = filter.passesGroup(group);
      if (passes) {
        this.hasShown = true;
        sink.group(group);
      }
      return passes;
    });
  }

  /** Begins a source; what is pushed into the splitter is read. */
  openSource(): LineSplitter {
    this.sink.beginSource();
    return new LineSplitter(
      {
        line: (bytes, start, end) => this.take(bytes, start, end),
        part: (bytes) => this.pass(bytes),
      },
      this.filter.needle,
    );
  }

  /** Shows requests that have ended, or have had no line for long. */
  showQuiet(): void {
    this.groups.showQuiet(Date.now(), ENDED_MS, OPEN_MS);
  }

  end(): void {
    this.groups.showAll();
  }

  private take(bytes: Buffer, start: number, end: number): void {
    // This also removes a byte order mark.
    const text = bytes.toString('utf8', start, end).trimStart();
    const json = parseObject(text);
    if (json === undefined) return this.pass(bytes.subarray(start, end));
    for (const entry of entriesOf(json)) {
      const line = readLine(entry, entry === json ? text : undefined);
      if (line === undefined) this.pass(bytes.subarray(start, end));
      else this.takeLine(line, end - start);
    }
  }

  private takeLine(line: LogLine, bytes: number): void {
    if (line.key !== undefined) {
      this.groups.add(line.key, line, bytes, Date.now());
    } else if (this.filter.passesAlone(line)) {
      this.hasShown = true;
      this.sink.line(line);
    }
  }

  /** Shows what is no entry. It has neither an id nor a level, so it matches no filter. */
  private pass(bytes: Buffer): void {
    if (this.filter.isActive) return;
    this.hasShown = true;
    this.sink.other(bytes);
  }
}

/** `undefined` for anything but a JSON object. */
function parseObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // Text that only begins like an object.
    return undefined;
  }
}
