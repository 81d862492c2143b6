import { mkdirSync, openSync, writeSync } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FifoQueue } from '../../../records/fifo-queue.js';
import { sharedState } from '../../../records/shared-state.js';
import type { StoredRecord } from '../record-list.js';
import { headerLine, type SegmentHeader } from './segment-header.js';
import { segmentName } from './segment-names.js';

const SEGMENT_BYTES = 2 * 1024 * 1024;
/** A process that is killed loses no more than this, and what is being written. */
const DELAY_MS = 250;
const MAX_BATCH = 1000;
const MAX_BATCH_CHARACTERS = 512 * 1024;
/** Records that wait for a slow disk. Beyond that, the oldest are not written. */
const MAX_WAITING = 20_000;
const MAX_WAITING_CHARACTERS = 16 * 1024 * 1024;

export interface SegmentWriterOptions {
  readonly folder: string;
  readonly instance: string;
  readonly header: SegmentHeader;
  /** Called before each new segment. */
  onSegment(): Promise<void>;
  /** Called when records cannot be written: no more are, from then on. */
  onError(error: unknown): void;
}

/** The writers of this process, which write what they have when it exits. */
const writers = sharedState('viewer-writers', () => new Set<SegmentWriter>());
const writeAll = (): void => {
  for (const writer of writers) writer.writeNow();
};

/** Writes records to segments, some at once and soon after they were added. */
export class SegmentWriter {
  private readonly waiting = new FifoQueue<StoredRecord>();
  private characters = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  /** The text that is being written. */
  private batch = '';
  private handle: FileHandle | undefined;
  private bytes = 0;
  private segments = 0;
  private hasFailed = false;

  constructor(private readonly options: SegmentWriterOptions) {
    if (writers.size === 0) process.on('exit', writeAll);
    writers.add(this);
  }

  push(record: StoredRecord): void {
    if (this.hasFailed) return;
    const { waiting } = this;
    waiting.push(record);
    this.characters += record.json.length;
    while (waiting.length > MAX_WAITING || this.characters > MAX_WAITING_CHARACTERS) {
      this.characters -= waiting.shift()!.json.length;
    }
    this.schedule();
  }

  /** Writes what is left. No more may be added. */
  async close(): Promise<void> {
    await this.writing;
    if (this.waiting.length > 0) this.begin();
    await this.writing;
    clearTimeout(this.timer);
    writers.delete(this);
    if (writers.size === 0) process.off('exit', writeAll);
    await this.handle?.close();
    this.handle = undefined;
  }

  /** Writes what is left, and again what is being written: of what is there twice, one is read. */
  writeNow(): void {
    if (this.hasFailed || (this.batch === '' && this.waiting.length === 0)) return;
    const { folder, instance, header } = this.options;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // A segment of its own: the last line of the other may be incomplete.
      const path = join(folder, segmentName(instance, ++this.segments));
      const descriptor = openSync(path, 'ax', 0o600);
      writeSync(descriptor, headerLine(header) + this.batch);
      while (this.waiting.length > 0) writeSync(descriptor, this.nextBatch());
    } catch {
      // The process ends, so there is no time to try again.
    }
  }

  /** Writes what there is now, and the header of the segment at least. */
  begin(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.write()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.writing = undefined;
        this.schedule();
      });
  }

  private schedule(): void {
    if (this.writing !== undefined || this.waiting.length === 0) return;
    this.timer ??= setTimeout(() => this.begin(), DELAY_MS).unref();
  }

  private async write(): Promise<void> {
    for (;;) {
      const handle = await this.segment();
      if (this.waiting.length === 0) return;
      this.batch = this.nextBatch();
      await handle.appendFile(this.batch);
      this.bytes += this.batch.length;
      this.batch = '';
    }
  }

  private nextBatch(): string {
    const lines: string[] = [];
    let characters = 0;
    for (let next = this.waiting.first; next !== undefined; next = this.waiting.first) {
      const isFull =
        lines.length === MAX_BATCH || characters + next.json.length > MAX_BATCH_CHARACTERS;
      if (isFull && lines.length > 0) break;
      this.waiting.shift();
      characters += next.json.length;
      lines.push(`[${next.seq},${next.json}]\n`);
    }
    this.characters -= characters;
    return lines.join('');
  }

  /** The open segment, or a new one where that is full or was removed. */
  private async segment(): Promise<FileHandle> {
    const { handle } = this;
    if (handle !== undefined) {
      if (this.bytes < SEGMENT_BYTES && (await handle.stat()).nlink > 0) return handle;
      this.handle = undefined;
      await handle.close();
    }
    const { folder, instance, header, onSegment } = this.options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await onSegment();
    const path = join(folder, segmentName(instance, ++this.segments));
    const opened = await open(path, 'ax', 0o600);
    this.handle = opened;
    const line = headerLine(header);
    await opened.appendFile(line);
    this.bytes = line.length;
    return opened;
  }

  private fail(error: unknown): void {
    this.hasFailed = true;
    this.waiting.clear();
    this.batch = '';
    this.options.onError(error);
  }
}
