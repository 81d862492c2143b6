import { writeSync } from 'node:fs';

const NEWLINE = 10;

// Text is encoded in the same place each time: a buffer for each call costs half of the call.
const SCRATCH_CHARACTERS = 64 * 1024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_CHARACTERS * 3);

interface Batch {
  readonly bytes: Buffer;
  readonly lines: number;
}

/**
 * Lines on their way out, in order: text as long as it grows, since nothing is cheaper to append
 * to, and bytes from when it is to be written, since a call may take any part of them.
 */
export class LineQueue {
  /** Lines that were written, and that never will be. */
  written = 0;
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

  /** Characters that are not made into bytes yet. */
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

  /** Makes bytes of the text, so that it is not all to do at once when much of it has to wait. */
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

  /** Begins the line again that is written in part: what comes now goes to another file. */
  restartLine(): void {
    if (this.offset === 0) return;
    this.offset = this.batches[0]!.bytes.lastIndexOf(NEWLINE, this.offset - 1) + 1;
  }

  /** Gives up all that waits. */
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

  /** Of a batch that is written in part, some lines are out. */
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
