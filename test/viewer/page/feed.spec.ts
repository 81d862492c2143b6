import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ViewDrops } from '../../../src/events/view-records.js';
import { Feed } from '../../../src/viewer/page/feed/feed.js';
import { eventually } from '../../support/line-sink.js';

const dropped = (lines: number): ViewDrops => ({ type: 'drops', requests: 0, lines, spans: 0 });
const hello = (instance: string) => ({ instance, service: 'shop', path: '/_traces' });

describe('what servers have dropped', () => {
  // A tab in the background, which needs no frames.
  beforeEach(() => Object.assign(globalThis, { document: { visibilityState: 'hidden' } }));
  afterEach(() => void Reflect.deleteProperty(globalThis, 'document'));

  it.each([4, 10, 12])('is added up when one is restarted: 10, then %d', async (later) => {
    const feed = new Feed();
    feed.greet(hello('a'));
    feed.push([dropped(7)]);
    feed.push([dropped(10)]);
    feed.greet(hello('b'));
    feed.push([dropped(later)]);
    await eventually(() => feed.dropped.lines > 10, 'the count of the second');
    expect(feed.dropped.lines).toBe(10 + later);
  });

  it('is counted once where only the connection was lost', async () => {
    const feed = new Feed();
    feed.greet(hello('a'));
    feed.push([dropped(10)]);
    feed.greet(hello('a'));
    feed.push([dropped(12)]);
    await eventually(() => feed.dropped.lines > 0, 'the count');
    expect(feed.dropped.lines).toBe(12);
  });
});
