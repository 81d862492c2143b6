const NEWLINE = 10;
/** A longer line is not parsed. */
export const MAX_LINE_BYTES = 2 ** 20;

/** Receivers of lines. They must not keep the bytes, which are overwritten later. */
export interface LineReceivers {
  /** Receives a line, with its newline if it has one, as a range: a copy would cost as much as reading. */
  readonly line: (bytes: Buffer, start: number, end: number) => void;
  /** Receives a part of a line that is too long to be kept. */
  readonly part: (bytes: Buffer) => void;
}

/** Splits what is read into lines. Memory is bounded, even for a line without an end. */
export class LineSplitter {
  /** The beginning of a line. It grows by doubling: a pipe may deliver byte by byte. */
  private rest = Buffer.alloc(0);
  private restBytes = 0;
  private isOverlong = false;

  constructor(
    private readonly receivers: LineReceivers,
    /** Lines without these bytes are skipped. */
    private readonly needle?: Buffer,
    /** Whether lines may be skipped now. */
    private readonly maySkip: () => boolean = () => true,
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
    start = this.isSkipping ? this.takeFound(chunk, start) : this.takeAll(chunk, start);
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** The last line may have no newline. */
  end(): void {
    const bytes = this.rest.subarray(0, this.restBytes);
    const { isOverlong } = this;
    this.restBytes = 0;
    this.isOverlong = false;
    if (bytes.length === 0) return;
    if (isOverlong) this.receivers.part(bytes);
    else if (!this.isSkipping || bytes.includes(this.needle!))
      this.receivers.line(bytes, 0, bytes.length);
  }

  private get isSkipping(): boolean {
    return this.needle !== undefined && this.maySkip();
  }

  /** Returns the beginning of the line that has no end yet. */
  private takeAll(chunk: Buffer, from: number): number {
    let start = from;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start) + 1;
      if (end === 0) return start;
      this.receivers.line(chunk, start, end);
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
      this.receivers.line(chunk, begin, start);
      if (!this.isSkipping) return this.takeAll(chunk, start);
    }
    return Math.max(complete, from);
  }

  private keep(bytes: Buffer): void {
    if (this.restBytes + bytes.length > MAX_LINE_BYTES || this.isOverlong) {
      const endsHere = bytes.at(-1) === NEWLINE;
      if (this.restBytes > 0) this.receivers.part(this.rest.subarray(0, this.restBytes));
      if (bytes.length > 0) this.receivers.part(bytes);
      this.rest = Buffer.alloc(0);
      this.restBytes = 0;
      this.isOverlong = !endsHere;
      return;
    }
    // A copy: the rest of the chunk need not be kept with it.
    this.grow(this.restBytes + bytes.length);
    bytes.copy(this.rest, this.restBytes);
    this.restBytes += bytes.length;
  }

  private grow(needed: number): void {
    if (needed <= this.rest.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.rest.length * 2));
    this.rest.copy(larger, 0, 0, this.restBytes);
    this.rest = larger;
  }
}
