import { writeSync } from 'node:fs';
import { FifoQueue } from '../../records/fifo-queue.js';

const NEWLINE = 10;

/** What lines are gathered in: several hundred of them. */
const GATHERED_BYTES = 64 * 1024;
/** The most bytes of a UTF-16 unit in UTF-8. */
const MOST_BYTES_OF_UNIT = 3;
/** From this many UTF-16 units on, lines are encoded: a few lines. */
const ENCODED_UNITS = 2048;
/** The most of a long line that is tried with one call: more than a pipe holds. */
const LONG_LINE_BYTES = 1024 * 1024;

interface Batch {
  readonly bytes: Buffer;
  readonly lines: number;
}

/**
 * Lines to be written, in order, as bytes, since a call may write any part of them. They are encoded a
 * few at a time: one call for each line takes half as long again, and at the end of a turn the parts of
 * its first lines are often no longer in the cache, which takes twice as long.
 */
export class LineBacklog {
  /** Lines that were written. */
  written = 0;
  /** Lines that are lost. */
  dropped = 0;

  // The same buffer is used each time: a new one costs half as much as the call that writes it.
  private gathered: Buffer | undefined;
  private gatheredBytes = 0;
  private gatheredLines = 0;
  /** The last lines, which are not encoded yet. */
  private text = '';
  private textLines = 0;
  private readonly batches = new FifoQueue<Batch>();
  private batchedBytes = 0;
  private batchedLines = 0;
  /** Bytes of the first batch that are written. */
  private offset = 0;

  /**
   * @param callBytes the most bytes for one call, so that it is written as a whole. One line that is
   *   longer has a call of its own.
   */
  constructor(public callBytes = Number.POSITIVE_INFINITY) {}

  push(line: string): void {
    this.text = `${this.text}${line}\n`;
    this.textLines++;
    if (this.text.length >= ENCODED_UNITS) this.encode();
  }

  /** Whether a call could not write another line together with those before it. */
  isFullFor(line: string): boolean {
    const gathered = this.gatheredBytes + this.text.length;
    return gathered > 0 && gathered + line.length >= this.callBytes;
  }

  get isEmpty(): boolean {
    return this.lines === 0;
  }

  /** Bytes that wait. */
  get size(): number {
    this.encode();
    return this.batchedBytes - this.offset + this.gatheredBytes;
  }

  /** Whether at least so many bytes wait. */
  holds(bytes: number): boolean {
    const encoded = this.batchedBytes - this.offset + this.gatheredBytes;
    return encoded + this.text.length * MOST_BYTES_OF_UNIT >= bytes && this.size >= bytes;
  }

  /** Lines that wait. */
  get lines(): number {
    return this.batchedLines + this.gatheredLines + this.textLines;
  }

  /** Begins a new call with the next line. */
  seal(): void {
    this.encode();
    this.sealGathered();
  }

  /**
   * Writes with one call, and returns how many bytes that took.
   *
   * @throws what `writeSync` throws; nothing is lost then.
   */
  writeTo(fd: number): number {
    this.encode();
    if (this.batches.length === 0) return this.writeGathered(fd, this.gathered!);
    const { bytes, lines } = this.batches.first!;
    const { offset } = this;
    const taken = writeSync(fd, bytes, offset, this.callLength(bytes, offset, bytes.length));
    this.offset += taken;
    if (this.offset === bytes.length) {
      this.written += lines;
      this.removeFirst();
    }
    return taken;
  }

  /** Writes a line that was written in part again from its start, for another file. */
  restartLine(): void {
    if (this.offset === 0) return;
    this.offset = this.batches.first!.bytes.lastIndexOf(NEWLINE, this.offset - 1) + 1;
  }

  /** Drops all lines that wait. */
  drop(): void {
    if (this.offset > 0) this.settleFirst();
    this.dropped += this.lines;
    this.batches.clear();
    this.batchedBytes = 0;
    this.batchedLines = 0;
    this.gatheredBytes = 0;
    this.gatheredLines = 0;
    this.text = '';
    this.textLines = 0;
  }

  /** Moves the last lines into the buffer, or, where they are too long for it, into a batch. */
  private encode(): void {
    const { text, textLines } = this;
    if (textLines === 0) return;
    this.text = '';
    this.textLines = 0;
    const mostBytes = text.length * MOST_BYTES_OF_UNIT;
    if (this.gatheredBytes + mostBytes > GATHERED_BYTES) this.sealGathered();
    if (mostBytes > GATHERED_BYTES) return this.add({ bytes: Buffer.from(text), lines: textLines });
    const gathered = (this.gathered ??= Buffer.allocUnsafeSlow(GATHERED_BYTES));
    this.gatheredBytes += gathered.write(text, this.gatheredBytes);
    this.gatheredLines += textLines;
  }

  private sealGathered(): void {
    const { gathered, gatheredBytes, gatheredLines } = this;
    if (gathered === undefined || gatheredBytes === 0) return;
    this.add({ bytes: Buffer.from(gathered.subarray(0, gatheredBytes)), lines: gatheredLines });
    this.gatheredBytes = 0;
    this.gatheredLines = 0;
  }

  private add(batch: Batch): void {
    this.batches.push(batch);
    this.batchedBytes += batch.bytes.length;
    this.batchedLines += batch.lines;
  }

  private writeGathered(fd: number, gathered: Buffer): number {
    const length = this.gatheredBytes;
    const taken = writeSync(fd, gathered, 0, this.callLength(gathered, 0, length));
    if (taken < length) {
      this.seal();
      this.offset = taken;
    } else {
      this.written += this.gatheredLines;
      this.gatheredBytes = 0;
      this.gatheredLines = 0;
    }
    return taken;
  }

  /** How many bytes to write with one call: as many lines as it writes as a whole, or one. */
  private callLength(bytes: Buffer, start: number, end: number): number {
    const { callBytes } = this;
    if (end - start <= callBytes) return end - start;
    const last = bytes.subarray(start, start + callBytes).lastIndexOf(NEWLINE);
    if (last !== -1) return last + 1;
    const rest = bytes.subarray(start, Math.min(end, start + LONG_LINE_BYTES));
    return rest.indexOf(NEWLINE) + 1 || rest.length;
  }

  /** Counts the lines of a batch that is written in part, and drops the rest of it. */
  private settleFirst(): void {
    const { bytes, lines } = this.batches.first!;
    let left = 0;
    for (const byte of bytes.subarray(this.offset)) if (byte === NEWLINE) left++;
    // A format may write several lines for one.
    const lost = Math.min(left, lines);
    this.written += lines - lost;
    this.dropped += lost;
    this.removeFirst();
  }

  private removeFirst(): void {
    const { bytes, lines } = this.batches.shift()!;
    this.batchedBytes -= bytes.length;
    this.batchedLines -= lines;
    this.offset = 0;
  }
}
