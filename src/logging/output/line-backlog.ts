import { writeSync } from 'node:fs';
import { FifoQueue } from '../../records/fifo-queue.js';

const NEWLINE = 10;

// Text is encoded into the same buffer each time: a new one costs half as much as the call.
const SCRATCH_CHARACTERS = 64 * 1024;
/** The most of a long line that is tried with one call: more than a pipe holds. */
const LONG_LINE_BYTES = 1024 * 1024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_CHARACTERS * 3);

interface Batch {
  readonly bytes: Buffer;
  readonly lines: number;
}

/**
 * Lines to be written, in order: text while it grows, since a string is the cheapest to append to,
 * and bytes once it is to be written, since a call may write any part of them.
 */
export class LineBacklog {
  /** Lines that were written. */
  written = 0;
  /** Lines that are lost. */
  dropped = 0;

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
    this.text += `${line}\n`;
    this.textLines++;
  }

  /** Whether a call could not write another line together with the text before it. */
  isFullFor(line: string): boolean {
    const { length } = this.text;
    return length > 0 && length + line.length >= this.callBytes;
  }

  /** Characters that are not encoded yet. */
  get textLength(): number {
    return this.text.length;
  }

  get isEmpty(): boolean {
    return this.text === '' && this.batches.length === 0;
  }

  /** Bytes that wait; of text, characters. */
  get size(): number {
    return this.batchedBytes - this.offset + this.text.length;
  }

  /** Lines that wait. */
  get lines(): number {
    return this.batchedLines + this.textLines;
  }

  /** Encodes the text, so that a large backlog is not encoded at once. */
  seal(): void {
    if (this.text === '') return;
    const bytes = Buffer.from(this.text);
    this.batches.push({ bytes, lines: this.textLines });
    this.batchedBytes += bytes.length;
    this.batchedLines += this.textLines;
    this.text = '';
    this.textLines = 0;
  }

  /**
   * Writes with one call, and returns how many bytes that took.
   *
   * @throws what `writeSync` throws; nothing is lost then.
   */
  writeTo(fd: number): number {
    if (this.batches.length === 0) {
      if (this.text.length <= SCRATCH_CHARACTERS) return this.writeText(fd);
      this.seal();
    }
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
    this.text = '';
    this.textLines = 0;
  }

  private writeText(fd: number): number {
    const length = scratch.write(this.text);
    const taken = writeSync(fd, scratch, 0, this.callLength(scratch, 0, length));
    if (taken < length) {
      this.seal();
      this.offset = taken;
    } else {
      this.written += this.textLines;
      this.text = '';
      this.textLines = 0;
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
