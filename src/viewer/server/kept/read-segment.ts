import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHeader, type SegmentHeader } from './segment-header.js';
import type { SegmentName } from './segment-names.js';

/** A segment has at most 2 MiB and one batch. What is larger was written by something else. */
const MAX_READ = 8 * 1024 * 1024;
const MAX_HEADER = 64 * 1024;

export interface Segment extends SegmentName {
  /** Missing where the segment is damaged. */
  readonly header: SegmentHeader | undefined;
  /** What follows the header, a line for each record. */
  readonly text: string;
}

/** Reads a segment; `undefined` for what is not a file, too large, or cannot be read. */
export async function readSegment(folder: string, name: SegmentName): Promise<Segment | undefined> {
  const text = await readText(join(folder, name.file), MAX_READ, false);
  if (text === undefined) return undefined;
  const end = text.indexOf('\n') + 1;
  return { ...name, header: parseHeader(text.slice(0, end)), text: text.slice(end) };
}

/** Reads only the header of a segment. */
export async function readHeader(
  folder: string,
  { file }: SegmentName,
): Promise<SegmentHeader | undefined> {
  const text = await readText(join(folder, file), MAX_HEADER, true);
  return text === undefined ? undefined : parseHeader(text.slice(0, text.indexOf('\n') + 1));
}

async function readText(path: string, most: number, isPart: boolean): Promise<string | undefined> {
  try {
    // Neither follows a link nor waits for the other end of a named pipe. Windows has no such flags:
    // an `undefined` is 0 here.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || (stats.size > most && !isPart)) return undefined;
      const bytes = Buffer.alloc(Math.min(stats.size, most));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return bytes.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    // It was removed meanwhile, or belongs to another user: the others are shown without it.
    return undefined;
  }
}
