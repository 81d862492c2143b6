import type { ViewRequest } from '../../view-records.js';
import { isNotableRequest } from '../notable-request.js';
import type { RecordGroup, StoredRecord } from '../record-list.js';
import type { RecordStore } from '../record-store.js';
import type { KeptRecord } from './read-records.js';
import { MAX_RESTORED, type SegmentHeader } from './segment-header.js';

/**
 * What earlier runs have recorded, as it is added to the store of this one. A page that was open in an
 * earlier run is sent only what it has not had.
 */
export class RestoredRecords {
  /** The run and the number of each restored record, by its number in this run less one. */
  private readonly origins: (readonly [instance: string, seq: number])[] = [];

  constructor(private readonly headers: ReadonlyMap<string, SegmentHeader>) {}

  /** Adds records to a store that is still empty, oldest first. */
  addTo(store: RecordStore, records: readonly KeptRecord[], slowerThanMs: number): void {
    const groups = new Map<string, RecordGroup>();
    const running = new Map<string, KeptRecord & { readonly record: ViewRequest }>();
    const lastTimes = new Map<string, number>();
    for (const kept of records) {
      const { record, instance, seq } = kept;
      const { key } = record as { key?: string };
      const group = key === undefined ? undefined : groupOf(groups, key);
      noteTime(lastTimes, instance, timeOf(record));
      if (record.type === 'request') {
        const { outcome } = record;
        if (outcome !== undefined) running.delete(record.key);
        else if (record.key.startsWith(`${instance}-`))
          running.set(record.key, { ...kept, record });
        if (isNotableRequest(record, slowerThanMs)) group!.isNotable = true;
      }
      const before = store.lastSeq;
      store.add(record.type, JSON.stringify(record), group);
      if (store.lastSeq > before) this.origins.push([instance, seq]);
    }
    for (const { record, instance } of running.values()) {
      const lastTime = lastTimes.get(instance) ?? record.startedAt;
      const durationMs = Math.max(0, lastTime - record.startedAt);
      const ended: ViewRequest = { ...record, outcome: 'interrupted', duration_ms: durationMs };
      const group = groupOf(groups, record.key);
      group.isNotable = true;
      store.add('request', JSON.stringify(ended), group);
    }
  }

  /** The last record of each run, for the header of this run's segments. */
  get lastSeqs(): SegmentHeader['restored'] {
    const last = new Map<string, number>();
    for (const [instance, seq] of this.origins) {
      last.set(instance, Math.max(seq, last.get(instance) ?? 0));
    }
    return Object.fromEntries([...last].slice(-MAX_RESTORED));
  }

  get count(): number {
    return this.origins.length;
  }

  /**
   * Which of the restored records a page has that was last sent one of an earlier run; `undefined` for
   * a run that is not known.
   */
  knownTo(instance: string, seq: number): ((record: StoredRecord) => boolean) | undefined {
    const header = this.headers.get(instance);
    if (header === undefined || seq < header.restoredCount) return undefined;
    const { restored } = header;
    return (record) => {
      const origin = this.origins[record.seq - 1];
      if (origin === undefined) return false;
      const [of, number] = origin;
      if (of === instance) return number <= seq;
      return Object.hasOwn(restored, of) && number <= restored[of]!;
    };
  }
}

function groupOf(groups: Map<string, RecordGroup>, key: string): RecordGroup {
  let group = groups.get(key);
  if (group === undefined) groups.set(key, (group = { isNotable: false }));
  return group;
}

function timeOf(record: KeptRecord['record']): number {
  if (record.type === 'line') return record.time;
  return record.startedAt + (record.duration_ms ?? 0);
}

function noteTime(times: Map<string, number>, instance: string, time: number): void {
  if (time > (times.get(instance) ?? -Infinity)) times.set(instance, time);
}
