import type { WaterfallRow } from './waterfall.js';

/** A row that can be seen, and what it needs to collapse. */
export interface VisibleRow {
  readonly row: WaterfallRow;
  /** The same as long as the row exists, however many others come. */
  readonly key: string;
  /** Of the row that it is inside of. */
  readonly parentKey: string | undefined;
  /** How many rows are inside of it, at any depth. */
  readonly inside: number;
  readonly isCollapsed: boolean;
}

/** The rows that are not inside of a collapsed one. */
export function visibleRows(
  rows: readonly WaterfallRow[],
  collapsed: ReadonlySet<string>,
): readonly VisibleRow[] {
  const inside = rows.map(() => 0);
  // Each row comes after its parent.
  for (const index of [...rows.keys()].toReversed()) {
    const { parent } = rows[index]!;
    if (parent !== undefined) inside[parent]! += inside[index]! + 1;
  }
  const visible: VisibleRow[] = [];
  const hiding = new Set<number>();
  for (const [index, row] of rows.entries()) {
    const { parent } = row;
    const key = rowKey(row);
    const isHidden = parent !== undefined && hiding.has(parent);
    const isCollapsed = inside[index]! > 0 && collapsed.has(key);
    if (isHidden || isCollapsed) hiding.add(index);
    if (isHidden) continue;
    const parentKey = parent === undefined ? undefined : rowKey(rows[parent]!);
    visible.push({ row, key, parentKey, inside: inside[index]!, isCollapsed });
  }
  return visible;
}

/** What identifies a row. One that sums up siblings has no id: its place and its name do. */
export function rowKey({ request, span, name, offsetMs, count }: WaterfallRow): string {
  if (request !== undefined) return `request ${request.n}`;
  return span?.spanId ?? `${name} ${offsetMs} ${count ?? ''}`;
}
