import { describe, expect, it } from '@jest/globals';
import { indexNear, RowWindow } from '../../../src/viewer/page/lists/row-window.js';

const ROW = 20;

/** Items with the numbers from `first` on. */
const items = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ n: first + index }));

/** A window in which ten rows can be seen. */
function windowOf(list: readonly { n: number }[], top = 0): RowWindow {
  const rows = new RowWindow(ROW);
  rows.height = 10 * ROW;
  rows.settle(list, false);
  rows.moveTo(top, list);
  return rows;
}

describe('the window of a long list', () => {
  it('renders what can be seen, and a few rows more', () => {
    expect(windowOf(items(0, 1000), 500 * ROW).range(1000)).toEqual([497, 513]);
    expect(windowOf(items(0, 1000)).range(1000)).toEqual([0, 13]);
    expect(windowOf(items(0, 3)).range(3)).toEqual([0, 3]);
  });

  it('stays at the end while it follows', () => {
    const rows = windowOf(items(0, 100));
    rows.settle(items(0, 100), true);
    expect(rows.top).toBe(90 * ROW);
    rows.settle(items(0, 130), true);
    expect(rows.top).toBe(120 * ROW);
    rows.settle(items(0, 5), true);
    expect(rows.top).toBe(0);
  });

  it('keeps the row at the top where it is, to the pixel, though others come and go', () => {
    const rows = windowOf(items(0, 100), 50 * ROW + 7);
    rows.settle(items(0, 200), false);
    expect(rows.top).toBe(50 * ROW + 7);
    rows.settle(items(30, 200), false);
    expect(rows.top).toBe(20 * ROW + 7);
    rows.settle([{ n: 1000 }, ...items(30, 200)], false);
    expect(rows.top).toBe(21 * ROW + 7);
  });

  it('stays in place when that row is removed, as far as the list reaches', () => {
    const rows = windowOf(items(0, 100), 50 * ROW);
    rows.settle(items(500, 100), false);
    expect(rows.top).toBe(50 * ROW);
    rows.settle(items(900, 12), false);
    expect(rows.top).toBe(2 * ROW);
  });

  it('scrolls no further than it takes to show a row', () => {
    const list = items(0, 100);
    const rows = windowOf(list, 50 * ROW);
    rows.show(55, list);
    expect(rows.top).toBe(50 * ROW);
    rows.show(49, list);
    expect(rows.top).toBe(49 * ROW);
    rows.show(60, list);
    expect(rows.top).toBe(51 * ROW);
  });

  it('centres a row, but not beyond the ends', () => {
    const list = items(0, 100);
    const rows = windowOf(list);
    rows.center(50, list);
    expect(rows.top).toBe(45.5 * ROW);
    rows.center(1, list);
    expect(rows.top).toBe(0);
    rows.center(99, list);
    expect(rows.top).toBe(90 * ROW);
  });

  it('knows which rows are fully visible', () => {
    const rows = windowOf(items(0, 100), 50 * ROW + 5);
    expect([50, 51, 59, 60].map((index) => rows.isVisible(index))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('where an item is now', () => {
  it('is found on both sides of where it was', () => {
    const list = items(10, 50);
    for (const hint of [0, 20, 49, 80]) expect(indexNear(list, 30, hint)).toBe(20);
    expect(indexNear(list, 10, 49)).toBe(0);
    expect(indexNear(list, 59, 0)).toBe(49);
  });

  it('is -1 when it is not there any more', () => {
    expect(indexNear(items(10, 50), 9, 0)).toBe(-1);
    expect(indexNear([], 9, 0)).toBe(-1);
  });
});
