import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { warnOnce } from '../../../records/warnings.js';
import type { RecordStore } from '../record-store.js';
import type { ResolvedKeep, ResolvedViewerOptions } from '../viewer-options.js';
import { readRecords } from './read-records.js';
import { removeOldSegments } from './remove-segments.js';
import { restoreRecords } from './restored-records.js';
import { ownIdentity, ownInstances } from './running-instances.js';
import { SegmentWriter } from './segment-writer.js';

/** The share of the memory for records that restored ones may take. */
const MAX_SHARE = 1 / 2;
const BYTES_PER_CHARACTER = 2;

/** Keeps the records of a store in a folder, and restores those of earlier runs. */
export class KeptRecords {
  private writer: SegmentWriter | undefined;

  constructor(
    private readonly keep: ResolvedKeep,
    readonly instance: string,
  ) {}

  /** Restores what is there into a store that is still empty, and keeps what is added from now on. */
  async start(store: RecordStore, limits: ResolvedViewerOptions['limits']): Promise<void> {
    const { keep, instance } = this;
    const { folder } = keep;
    ownInstances.add(instance);
    try {
      prepareFolder(folder);
      const characters = (limits.bytes * MAX_SHARE) / BYTES_PER_CHARACTER;
      restoreRecords(store, await readRecords(folder, characters), limits.slowerThan);
    } catch (error) {
      warn(folder, error);
      return;
    }
    const writer = new SegmentWriter({
      folder,
      instance,
      header: ownIdentity(),
      onSegment: () => removeOldSegments(keep),
      onError: (error) => warn(folder, error),
    });
    this.writer = writer;
    store.onAdd = (record) => {
      // Another process keeps its own.
      if (record.origin === undefined) writer.push(record);
    };
  }

  async stop(store: RecordStore): Promise<void> {
    store.onAdd = undefined;
    await this.writer?.close();
    ownInstances.delete(this.instance);
  }
}

/** Makes the folder where it is missing. One that is there may have something else in it as well. */
function prepareFolder(folder: string): void {
  const isNew = mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined;
  accessSync(folder, constants.R_OK | constants.W_OK);
  if (isNew) writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 });
}

function warn(folder: string, error: unknown): void {
  warnOnce(
    'TRACING_VIEWER_NOT_KEPT',
    `the trace viewer cannot keep its records in ${JSON.stringify(folder)}`,
    error,
    folder,
  );
}
