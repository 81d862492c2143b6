import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedKeep } from '../viewer-options.js';
import { readHeader } from './read-segment.js';
import { isRunning } from './running-instances.js';
import { segmentsIn, type SegmentName } from './segment-names.js';

const MAX_SEGMENTS = 500;

/** Removes the oldest segments beyond the limits, but none into which a process still writes. */
export async function removeOldSegments({ folder, bytes, maxAgeMs }: ResolvedKeep): Promise<void> {
  const names = await segmentsIn(folder);
  const newest = new Map(names.map((name) => [name.instance, name]));
  const oldest = Date.now() - maxAgeMs;
  let left = bytes;
  let count = 0;
  for (const name of names.toReversed()) {
    const stats = await stat(join(folder, name.file)).catch(() => undefined);
    // Another process has removed it.
    if (stats === undefined) continue;
    left -= stats.size;
    const isWithin = ++count <= MAX_SEGMENTS && left >= 0 && stats.mtimeMs >= oldest;
    if (isWithin) continue;
    if (newest.get(name.instance) === name && (await isInUse(folder, name))) continue;
    // It may have gone meanwhile, or be a folder of that name, which stays.
    await rm(join(folder, name.file), { force: true }).catch(() => undefined);
  }
}

async function isInUse(folder: string, name: SegmentName): Promise<boolean> {
  const header = await readHeader(folder, name);
  return header !== undefined && isRunning(name.instance, header);
}
