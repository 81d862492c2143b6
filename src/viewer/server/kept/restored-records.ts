import type { ViewRequest } from '../../view-records.js';
import { isNotableRequest } from '../notable-request.js';
import type { RecordGroup } from '../record-list.js';
import type { RecordStore } from '../record-store.js';
import type { KeptRecord } from './read-records.js';

/** Adds what earlier runs have recorded to a store that is still empty, oldest first. */
export function restoreRecords(
  store: RecordStore,
  records: readonly KeptRecord[],
  slowerThanMs: number,
): void {
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
      else if (record.key.startsWith(`${instance}-`)) running.set(record.key, { ...kept, record });
      if (isNotableRequest(record, slowerThanMs)) group!.isNotable = true;
    }
    store.add(record.type, JSON.stringify(record), group, { instance, seq });
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
