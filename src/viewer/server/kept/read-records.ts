import { setImmediate } from 'node:timers/promises';
import type { ViewLine, ViewRequest, ViewSpan } from '../../view-records.js';
import { checkedRecord } from './checked-record.js';
import { readSegment, type Segment } from './read-segment.js';
import { isRunning } from './running-instances.js';
import { segmentsIn } from './segment-names.js';

/** A record that an earlier run has kept. */
export interface KeptRecord {
  readonly instance: string;
  /** Its number in that run. */
  readonly seq: number;
  readonly record: ViewRequest | ViewSpan | ViewLine;
}

/** Characters of one record. */
const MAX_RECORD = 1024 * 1024;
/** How long the start of an application may wait: what is older than what was read until then is left out. */
const MAX_MS = 2000;
/** Lines that are read without a look at the time. */
const LINES_AT_ONCE = 200;

/** Reads the latest records of runs that have ended, up to so many characters, oldest first. */
export async function readRecords(
  folder: string,
  characters: number,
): Promise<readonly KeptRecord[]> {
  const parts: KeptRecord[][] = [];
  const seen = new Set<string>();
  const until = performance.now() + MAX_MS;
  let left = characters;
  for (const name of (await segmentsIn(folder)).toReversed()) {
    if (left <= 0 || performance.now() > until) break;
    const segment = await readSegment(folder, name);
    if (segment === undefined) continue;
    const { header, instance } = segment;
    if (header !== undefined && isRunning(instance, header)) continue;
    left -= segment.text.length;
    parts.push(await recordsOf(segment, seen, until));
  }
  return parts.toReversed().flat();
}

async function recordsOf(
  { instance, text }: Segment,
  seen: Set<string>,
  until: number,
): Promise<KeptRecord[]> {
  const records: KeptRecord[] = [];
  let count = 0;
  for (let start = 0; start < text.length;) {
    if (++count % LINES_AT_ONCE === 0) {
      if (performance.now() > until) break;
      await setImmediate();
    }
    // What ends without a line feed was cut in the middle of a write, and may still be whole.
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end === -1 ? text.length : end);
    start = end === -1 ? text.length : end + 1;
    const kept = line.length > MAX_RECORD ? undefined : parseLine(line);
    if (kept === undefined) continue;
    // At its exit, a process writes again what it was just writing.
    const id = `${instance}:${kept.seq}`;
    if (seen.has(id)) continue;
    seen.add(id);
    records.push({ instance, ...kept });
  }
  return records;
}

function parseLine(line: string): Omit<KeptRecord, 'instance'> | undefined {
  try {
    const [seq, value] = JSON.parse(line) as [unknown, unknown];
    if (!Number.isSafeInteger(seq) || (seq as number) < 1) return undefined;
    const record = checkedRecord(value);
    return record && { seq: seq as number, record };
  } catch {
    // A damaged line, or something else that is no record.
    return undefined;
  }
}
