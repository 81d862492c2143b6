import { writeSync } from 'node:fs';

const NEWLINE = 10;

// Text is encoded into the same buffer each time: a new one costs half as much as the call.
const SCRATCH_CHARACTERS = 64 * 1024;
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
  private batches: Batch[] = [];
  private batchedBytes = 0;
  /** Bytes of the first batch that are written. */
  private offset = 0;

  push(line: string): void {
    this.text += `${line}\n`;
    this.textLines++;
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
    return this.batches.reduce((sum, batch) => sum + batch.lines, this.textLines);
  }

  /** Encodes the text, so that a large backlog is not encoded at once. */
  seal(): void {
    if (this.text === '') return;
    const bytes = Buffer.from(this.text);
    this.batches.push({ bytes, lines: this.textLines });
    this.batchedBytes += bytes.length;
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
    const { bytes, lines } = this.batches[0]!;
    const taken = writeSync(fd, bytes, this.offset);
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
    this.offset = this.batches[0]!.bytes.lastIndexOf(NEWLINE, this.offset - 1) + 1;
  }

  /** Drops all lines that wait. */
  drop(): void {
    if (this.offset > 0) this.settleFirst();
    this.dropped += this.lines;
    this.batches = [];
    this.batchedBytes = 0;
    this.text = '';
    this.textLines = 0;
  }

  private writeText(fd: number): number {
    const length = scratch.write(this.text);
    const taken = writeSync(fd, scratch, 0, length);
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

  /** Counts the lines of a batch that is written in part, and drops the rest of it. */
  private settleFirst(): void {
    const { bytes, lines } = this.batches[0]!;
    let left = 0;
    for (const byte of bytes.subarray(this.offset)) if (byte === NEWLINE) left++;
    // A format may write several lines for one.
    const lost = Math.min(left, lines);
    this.written += lines - lost;
    this.dropped += lost;
    this.removeFirst();
  }

  private removeFirst(): void {
    this.batchedBytes -= this.batches.shift()!.bytes.length;
    this.offset = 0;
  }
}
