import { describe, expect, it } from '@jest/globals';
import type { ViewLine, ViewSpan } from '../../../src/viewer/view-records.js';

import { RecordQueue } from '../../../src/viewer/page/connection/record-queue.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';

const line = (message: string) => ({ type: 'line', message }) as ViewLine;
const lines = (...messages: string[]) => messages.map(line);
const span = { type: 'span' } as ViewSpan;
const NONE = { requests: 0, lines: 0, spans: 0 };

describe('records that wait', () => {
  it('come out in the order in which they came, as many as are wanted', () => {
    const queue = new RecordQueue(10);
    queue.push(lines('a', 'b', 'c'));
    queue.push(lines('d'));
    expect(queue.take(2)).toEqual(lines('a', 'b'));
    expect(queue.size).toBe(2);
    expect(queue.take(2)).toEqual(lines('c'));
    expect(queue.take(2)).toEqual(lines('d'));
    expect(queue.take(2)).toEqual([]);
    expect(queue.size).toBe(0);
  });

  it('are dropped, the oldest first, above the limit, and counted', () => {
    const queue = new RecordQueue(4);
    queue.push([line('a'), span]);
    queue.push(lines('b', 'c'));
    expect(queue.dropped).toEqual(NONE);
    queue.push(lines('d'));
    expect(queue.dropped).toEqual({ requests: 0, lines: 1, spans: 1 });
    expect(queue.size).toBe(3);
    expect(queue.take(10)).toEqual(lines('b', 'c'));
  });

  it('are all kept of one batch that is over the limit by itself', () => {
    const queue = new RecordQueue(2);
    queue.push(lines('a', 'b', 'c'));
    expect(queue.size).toBe(3);
    expect(queue.dropped).toEqual(NONE);
  });

  it('are forgotten when they are cleared, and not counted as dropped', () => {
    const queue = new RecordQueue(2);
    queue.push(lines('a', 'b'));
    queue.clear();
    expect(queue.size).toBe(0);
    expect(queue.take(2)).toEqual([]);
    expect(queue.dropped).toEqual(NONE);
  });
});

describe('what servers have dropped', () => {
  it.each([4, 10, 12])('is added up when one is restarted: 10, then %d', (later) => {
    const queue = new RecordQueue(10);
    const store = new ViewStore();
    const dropped = (lines: number): void => {
      queue.push([{ type: 'drops', requests: 0, lines, spans: 0 }]);
    };
    queue.beginServer();
    dropped(7);
    dropped(10);
    queue.beginServer();
    dropped(later);
    while (queue.size > 0) store.add(queue.take(100));
    expect(store.dropped.lines).toBe(10 + later);
  });
});
