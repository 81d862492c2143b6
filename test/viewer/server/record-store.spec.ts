import { describe, expect, it } from '@jest/globals';
import { array, assert, boolean, constantFrom, integer, nat, property, tuple } from 'fast-check';
import type { StoredRecord } from '../../../src/viewer/server/record-list.js';
import { RecordStore } from '../../../src/viewer/server/record-store.js';
import { TokenBucket } from '../../../src/viewer/server/token-bucket.js';
import {
  resolveViewerOptions,
  type ViewerLimits,
} from '../../../src/viewer/server/viewer-options.js';

const storeOf = (limits: ViewerLimits): RecordStore =>
  new RecordStore(resolveViewerOptions({ limits }).limits);
const jsonOf = (records: readonly StoredRecord[]): string[] => records.map(({ json }) => json);

describe('the store', () => {
  it('returns what is newer than a number, oldest first', () => {
    const store = storeOf({});
    for (let n = 1; n <= 5; n++) store.add('line', `${n}`);
    expect(store.after(0, 10).at(-1)!.seq).toBe(5);
    expect(jsonOf(store.after(0, 10))).toEqual(['1', '2', '3', '4', '5']);
    expect(jsonOf(store.after(0, 2))).toEqual(['1', '2']);
    expect(jsonOf(store.after(3, 10))).toEqual(['4', '5']);
    expect(store.after(5, 10)).toEqual([]);
    expect(store.after(99, 10)).toEqual([]);
  });

  it('keeps so many lines and no more', () => {
    const store = storeOf({ lines: 3 });
    for (let n = 1; n <= 3; n++) store.add('line', `${n}`);
    expect(jsonOf(store.after(0, 10))).toEqual(['1', '2', '3']);
    store.add('line', '4');
    expect(jsonOf(store.after(0, 10))).toEqual(['2', '3', '4']);
    expect(store.after(0, 10)[0]!.seq).toBe(2);
  });

  it('keeps so many requests, each with its beginning and its end', () => {
    const store = storeOf({ requests: 2 });
    for (let n = 1; n <= 5; n++) store.add('request', `${n}`);
    expect(jsonOf(store.after(0, 10))).toEqual(['2', '3', '4', '5']);
  });

  it('takes no more memory than it may', () => {
    const store = storeOf({ bytes: 100_000, lines: 1_000_000 });
    for (let n = 0; n < 10_000; n++) store.add('line', 'x'.repeat(872));
    // 872 characters of two bytes, and 128 beside them.
    expect(store.after(0, 1_000_000)).toHaveLength(Math.floor(100_000 / 1872));
  });

  it('does not take one record that would push out all others', () => {
    const store = storeOf({ bytes: 160_000 });
    store.add('line', 'x');
    store.add('line', 'x'.repeat((10_000 - 128) / 2));
    store.add('line', 'x'.repeat((10_000 - 128) / 2 + 1));
    expect(store.after(0, 10)).toHaveLength(2);
    expect(store.dropped).toEqual({ requests: 0, lines: 1, spans: 0 });
  });

  it('drops ordinary records before notable ones, which take no more than half', () => {
    const store = storeOf({ lines: 10 });
    const group = { isNotable: false };
    for (let n = 1; n <= 3; n++) store.add('line', `early ${n}`, group);
    // Known only now.
    group.isNotable = true;
    for (let n = 1; n <= 50; n++) store.add('line', `${n}`, { isNotable: n % 25 === 0 });
    expect(jsonOf(store.after(0, 100))).toEqual([
      ...['early 1', 'early 2', 'early 3', '25'],
      ...['45', '46', '47', '48', '49', '50'],
    ]);
    for (let n = 51; n <= 90; n++) store.add('line', `${n}`, { isNotable: n % 2 === 0 });
    // As among ordinary ones, the oldest goes first.
    expect(jsonOf(store.after(0, 100))).toEqual([
      ...['76', '78', '80', '82', '84'],
      ...['86', '87', '88', '89', '90'],
    ]);
    expect(store.size).toBe(10);
    expect(jsonOf(store.after(store.lastSeq - 3, 2))).toEqual(['88', '89']);
  });

  it('returns all of what it has, in parts of any size, for any records', () => {
    assert(
      property(
        array(tuple(constantFrom('request', 'line', 'span'), nat(300), boolean()), {
          maxLength: 200,
        }),
        integer({ min: 1, max: 30 }),
        (added, part) => {
          const store = storeOf({ lines: 20, requests: 10, bytes: 20_000 });
          for (const [type, length, isNotable] of added) {
            store.add(type as StoredRecord['type'], 'x'.repeat(length), { isNotable });
          }
          const all = store.after(0, 1000);
          expect(all).toHaveLength(store.size);
          expect(all.map(({ seq }) => seq)).toEqual(
            [...new Set(all.map(({ seq }) => seq))].toSorted((a, b) => a - b),
          );
          const parts: StoredRecord[] = [];
          for (let next = store.after(0, part); next.length > 0;) {
            parts.push(...next);
            next = store.after(next.at(-1)!.seq, part);
          }
          expect(parts).toEqual(all);
        },
      ),
    );
  });

  it('is the tail of what was added, for any records', () => {
    assert(
      property(
        array(tuple(constantFrom('request', 'line', 'span'), nat(300)), {
          maxLength: 200,
        }),
        nat(200),
        (added, from) => {
          const store = storeOf({ lines: 20, requests: 10, bytes: 20_000 });
          const expected: string[] = [];
          for (const [index, [type, length]] of added.entries()) {
            const json = `${index}`.padEnd(length, 'x');
            store.add(type as StoredRecord['type'], json);
            if (json.length * 2 + 128 <= 20_000 / 16) expected.push(json);
          }
          const kept = store.after(0, 1000);
          expect(jsonOf(kept)).toEqual(expected.slice(expected.length - kept.length));
          expect(store.after(from, 1000)).toEqual(kept.filter(({ seq }) => seq > from));
        },
      ),
    );
  });
});

describe('the rate', () => {
  it('lets five seconds of it through at once, then so many a second', () => {
    const bucket = new TokenBucket(10);
    const taken = (nowMs: number): number => {
      let count = 0;
      while (bucket.take(nowMs)) count++;
      return count;
    };
    expect(taken(1000)).toBe(50);
    expect(taken(1000)).toBe(0);
    expect(taken(1099)).toBe(0);
    expect(taken(1100)).toBe(1);
    expect(taken(2100)).toBe(10);
    expect(taken(1_000_000)).toBe(50);
    // A clock that goes back gives nothing.
    expect(taken(0)).toBe(0);
  });
});
