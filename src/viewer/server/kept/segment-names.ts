import { readdir } from 'node:fs/promises';

/** A file of records that one process has written. */
export interface SegmentName {
  readonly file: string;
  /** The run of an application that has written it. */
  readonly instance: string;
}

const SEGMENT = /^\d{13}-([0-9a-f]{12})-\d{6}\.jsonl$/;
/** Of a folder with more, the rest is left alone. */
const MAX_LISTED = 10_000;

/** The name of a new segment: names are in the order in which their files were begun. */
export function segmentName(instance: string, count: number): string {
  const [time, number] = [String(Date.now()), String(count)];
  return `${time.padStart(13, '0')}-${instance}-${number.padStart(6, '0')}.jsonl`;
}

/** The segments in a folder, oldest first. */
export async function segmentsIn(folder: string): Promise<readonly SegmentName[]> {
  const found: SegmentName[] = [];
  for (const file of (await readdir(folder)).toSorted().slice(-MAX_LISTED)) {
    const instance = SEGMENT.exec(file)?.[1];
    if (instance !== undefined) found.push({ file, instance });
  }
  return found;
}
