import { describe, expect, it } from '@jest/globals';
import { heldByRecordings, Recording } from '../../src/trace/recording.js';

const LIMITS = { level: 'debug', entries: 200, bytes: 32_768, when: new Set<string>() };
const MAX_BYTES = 16 * 1024 * 1024;

const entry = (bytes: number) => ({ bytes, write: (): void => {} });

describe('a recording', () => {
  it('keeps two hundred entries, and the last of two hundred and one', () => {
    const recording = new Recording(LIMITS);
    const entries = Array.from({ length: 201 }, () => entry(10));
    for (const one of entries.slice(0, 200)) recording.add(one);
    expect([recording.count, recording.dropped]).toEqual([200, 0]);
    recording.add(entries[200]!);
    expect([recording.count, recording.dropped]).toEqual([200, 1]);
    expect(recording.take()).toEqual(entries.slice(1));
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('keeps 32,768 bytes, and not one more', () => {
    const recording = new Recording(LIMITS);
    recording.add(entry(16_384));
    recording.add(entry(16_384));
    expect([recording.count, recording.dropped]).toEqual([2, 0]);
    recording.add(entry(1));
    expect([recording.count, recording.dropped]).toEqual([2, 1]);
    recording.add(entry(32_768));
    expect([recording.count, recording.dropped]).toEqual([1, 3]);
    recording.add(entry(32_769));
    expect([recording.count, recording.dropped]).toEqual([1, 4]);
    recording.take();
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('shares 16 MiB with all others, of which the oldest are emptied and count it', () => {
    const recordings = Array.from({ length: 2000 }, () => new Recording(LIMITS));
    for (const one of recordings) {
      for (let i = 0; i < 4; i++) one.add(entry(8000));
      expect(heldByRecordings().bytes).toBeLessThanOrEqual(MAX_BYTES);
    }
    const [oldest, newest] = [recordings[0]!, recordings.at(-1)!];
    expect([oldest.count, oldest.dropped]).toEqual([0, 4]);
    expect([newest.count, newest.dropped]).toEqual([4, 0]);
    expect(heldByRecordings().bytes).toBeGreaterThan(0.9 * MAX_BYTES);
    for (const one of recordings) one.take();
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('is one of 5,000 that hold something at most', () => {
    const recordings = Array.from({ length: 6000 }, () => new Recording(LIMITS));
    for (const one of recordings) one.add(entry(10));
    expect(heldByRecordings().recordings).toBe(5000);
    expect(recordings[999]!.dropped).toBe(1);
    expect(recordings[1000]!.dropped).toBe(0);
    for (const one of recordings) one.take();
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });
});
