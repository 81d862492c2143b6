/** Something with a number that stays its own while its place in the list changes. */
export interface Numbered {
  readonly n: number;
}

const OVERSCAN = 3;

/**
 * Which rows of a long list can be seen. Rows have one height. While the user reads, the row at the
 * top keeps its place, though rows before it come and go.
 */
export class RowWindow {
  /** What is scrolled away above, pixels. */
  top = 0;
  height = 0;
  private anchor:
    { readonly n: number; readonly index: number; readonly offset: number } | undefined;

  constructor(readonly rowHeight: number) {}

  /** The user has scrolled. */
  moveTo(top: number, items: readonly Numbered[]): void {
    const index = Math.floor(top / this.rowHeight);
    const item = items[index];
    this.top = top;
    this.anchor = item && { n: item.n, index, offset: top - index * this.rowHeight };
  }

  /** The list has changed: where it is to be scrolled to. */
  settle(
    items: readonly Numbered[],
    isFollowing: boolean,
    followedEnd: 'first' | 'last' = 'last',
  ): void {
    const end = this.endOf(items);
    if (isFollowing) {
      this.moveTo(followedEnd === 'last' ? end : 0, items);
      return;
    }
    const { anchor } = this;
    const index = anchor === undefined ? -1 : indexNear(items, anchor.n, anchor.index);
    const top = index === -1 ? this.top : index * this.rowHeight + anchor!.offset;
    this.moveTo(Math.max(0, Math.min(top, end)), items);
  }

  /** Scrolls no further than it takes to show the row whole. */
  show(index: number, items: readonly Numbered[]): void {
    const above = index * this.rowHeight;
    const below = above + this.rowHeight - this.height;
    this.moveTo(Math.max(0, Math.min(above, Math.max(this.top, below))), items);
  }

  /** Puts the row into the middle. */
  center(index: number, items: readonly Numbered[]): void {
    const top = (index + 0.5) * this.rowHeight - this.height / 2;
    this.moveTo(Math.max(0, Math.min(top, this.endOf(items))), items);
  }

  isVisible(index: number): boolean {
    const above = index * this.rowHeight;
    return above >= this.top - 1 && above + this.rowHeight <= this.top + this.height + 1;
  }

  /** The rows to render, the second number excluded. */
  range(count: number): readonly [number, number] {
    const first = Math.floor(this.top / this.rowHeight) - OVERSCAN;
    const last = Math.ceil((this.top + this.height) / this.rowHeight) + OVERSCAN;
    return [Math.max(0, first), Math.min(count, last)];
  }

  private endOf(items: readonly Numbered[]): number {
    return Math.max(0, items.length * this.rowHeight - this.height);
  }
}

/** Where an item is now that was at `index` a moment ago: a few rows away, if it is still there. */
export function indexNear(items: readonly Numbered[], n: number, index: number): number {
  let before = Math.min(index, items.length - 1);
  let after = before + 1;
  while (before >= 0 || after < items.length) {
    if (before >= 0 && items[before]!.n === n) return before;
    if (after < items.length && items[after]!.n === n) return after;
    before--;
    after++;
  }
  return -1;
}
