import { describe, expect, it } from '@jest/globals';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { rowKey, visibleRows } from '../../../src/viewer/waterfall/visible-rows.js';
import { waterfallOf } from '../../../src/viewer/waterfall/waterfall.js';
import { aRequest, aSpan, spanId } from '../view-records.js';

const SPANS = [
  aSpan('a', { name: 'a', at: 1, parentSpanId: spanId('1') }),
  aSpan('b', { name: 'b', at: 2, parentSpanId: spanId('a') }),
  aSpan('c', { name: 'c', at: 3, parentSpanId: spanId('b') }),
  aSpan('d', { name: 'd', at: 8, parentSpanId: spanId('1') }),
  aSpan('0', { name: 'd', at: 8, parentSpanId: spanId('1'), spanId: undefined, count: 30 }),
];

function rows() {
  const store = new ViewStore();
  store.add([aRequest('1', { spans: SPANS })]);
  return waterfallOf(store, store.requests[0]!).rows;
}

const drawn = (collapsed: readonly string[]): string[] =>
  visibleRows(rows(), new Set(collapsed)).map(
    ({ row, inside, isCollapsed }) => `${row.name}${isCollapsed ? '+' : '-'}${inside}`,
  );

describe('visibleRows', () => {
  it('has all rows, with the number of those inside of each', () => {
    expect(drawn([])).toEqual(['GET /-5', 'a-2', 'b-1', 'c-0', 'd-0', 'd-0']);
  });

  it('leaves out what is inside of a collapsed row, at any depth', () => {
    expect(drawn([spanId('a')])).toEqual(['GET /-5', 'a+2', 'd-0', 'd-0']);
    expect(drawn([spanId('b'), spanId('c')])).toEqual(['GET /-5', 'a-2', 'b+1', 'd-0', 'd-0']);
  });

  it('knows the parent of each row, and rows apart that have no id', () => {
    const visible = visibleRows(rows(), new Set());
    expect(visible.map(({ parentKey }) => parentKey)).toEqual([
      undefined,
      visible[0]!.key,
      spanId('a'),
      spanId('b'),
      visible[0]!.key,
      visible[0]!.key,
    ]);
    expect(new Set(rows().map(rowKey)).size).toBe(6);
  });
});
