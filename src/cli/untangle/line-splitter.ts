const NEWLINE = 10;
/** No line is parsed that is longer. */
export const MAX_LINE_BYTES = 2 ** 20;

/** What is done with lines. Their bytes are only lent. */
export interface LineTakers {
  /** Takes a line, with its newline if it has one: to cut it out would cost as much as to read it. */
  readonly line: (bytes: Buffer, start: number, end: number) => void;
  /** Takes a part of a line that is too long to be kept. */
  readonly part: (bytes: Buffer) => void;
}

/** Cuts what is read into lines. A line without an end takes no more memory than a long one. */
export class LineSplitter {
  private rest: Buffer[] = [];
  private restBytes = 0;
  private isOverlong = false;

  constructor(
    private readonly takers: LineTakers,
    /** Lines that do not have these bytes are passed over. */
    private readonly needle?: Buffer,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    if (this.restBytes > 0 || this.isOverlong) {
      const end = chunk.indexOf(NEWLINE) + 1;
      if (end === 0) return this.keep(chunk);
      this.keep(chunk.subarray(0, end));
      this.end();
      start = end;
    }
    start = this.needle === undefined ? this.takeAll(chunk, start) : this.takeFound(chunk, start);
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** The last line may have no newline. */
  end(): void {
    const bytes = Buffer.concat(this.rest, this.restBytes);
    const { isOverlong } = this;
    this.rest = [];
    this.restBytes = 0;
    this.isOverlong = false;
    if (bytes.length === 0) return;
    if (isOverlong) this.takers.part(bytes);
    else if (this.needle === undefined || bytes.includes(this.needle))
      this.takers.line(bytes, 0, bytes.length);
  }

  /** Returns where the line begins that has no end yet. */
  private takeAll(chunk: Buffer, from: number): number {
    let start = from;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start) + 1;
      if (end === 0) return start;
      this.takers.line(chunk, start, end);
      start = end;
    }
  }

  private takeFound(chunk: Buffer, from: number): number {
    const complete = chunk.lastIndexOf(NEWLINE) + 1;
    let start = from;
    while (start < complete) {
      const found = chunk.indexOf(this.needle!, start);
      if (found === -1 || found >= complete) break;
      const begin = Math.max(chunk.lastIndexOf(NEWLINE, found) + 1, start);
      start = chunk.indexOf(NEWLINE, found) + 1;
      this.takers.line(chunk, begin, start);
    }
    return Math.max(complete, from);
  }

  private keep(bytes: Buffer): void {
    // A copy: the rest of the chunk need not be kept with it.
    this.rest.push(Buffer.from(bytes));
    this.restBytes += bytes.length;
    if (this.restBytes <= MAX_LINE_BYTES && !this.isOverlong) return;
    this.isOverlong = true;
    const endsHere = bytes.at(-1) === NEWLINE;
    for (const part of this.rest) this.takers.part(part);
    this.rest = [];
    this.restBytes = 0;
    if (endsHere) this.isOverlong = false;
  }
}
