import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ViewedRequest } from '../../store/viewed-records.js';
import type { CriticalPath, CriticalSegment } from '../../waterfall/critical-path.js';
import { rowKey, visibleRows, type VisibleRow } from '../../waterfall/visible-rows.js';
import type { Waterfall, WaterfallRow } from '../../waterfall/waterfall.js';
import { SpanRow } from './span-row.js';
import { useMore } from './use-more.js';
import type { Zoom } from './use-zoom.js';

interface SpanGridProps {
  readonly waterfall: Waterfall;
  readonly request: ViewedRequest;
  readonly path: CriticalPath;
  readonly zoom: Zoom;
  /** A row that is to be seen with its details; a new object each time. */
  readonly show: { readonly row: WaterfallRow } | undefined;
}

const NONE: ReadonlySet<string> = new Set();
const NO_SEGMENTS: readonly CriticalSegment[] = [];

/**
 * The spans as a tree.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/treegrid/
 */
export function SpanGrid(props: SpanGridProps): JSX.Element {
  const { waterfall, request, path, zoom, show } = props;
  const { rows, services, durationMs } = waterfall;
  const [collapsed, setCollapsed] = useState(NONE);
  const [open, setOpen] = useState(NONE);
  const [active, setActive] = useState<string | undefined>();
  const [wanted, setWanted] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const visible = useMemo(() => visibleRows(rows, collapsed), [rows, collapsed]);
  const critical = useMemo(() => segmentsByRow(path), [path]);
  const { shown, more } = useMore(visible, wanted);

  const focus = (index: number): void => {
    const row = grid.current!.querySelectorAll<HTMLElement>('[role=row]')[index];
    row?.focus();
  };
  useEffect(() => {
    if (show === undefined) return;
    setCollapsed(NONE);
    setOpen((before) => new Set(before).add(rowKey(show.row)));
    setWanted(rows.indexOf(show.row) + 1);
  }, [show]);
  // After the row has been rendered.
  useEffect(() => {
    if (show !== undefined) focus(visible.findIndex(({ key }) => key === rowKey(show.row)));
  }, [show, wanted]);

  const pressed = (event: KeyboardEvent, index: number): void => {
    const { key, parentKey, inside, isCollapsed, row } = visible[index]!;
    const toParent = (): void => focus(visible.findIndex((one) => one.key === parentKey));
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => focus(index + 1),
      ArrowUp: () => focus(index - 1),
      Home: () => focus(0),
      End: () => focus(shown.length - 1),
      ArrowRight: () => (isCollapsed ? setCollapsed(toggled(key)) : inside > 0 && focus(index + 1)),
      ArrowLeft: () => (inside > 0 && !isCollapsed ? setCollapsed(toggled(key)) : toParent()),
      Enter: () => setOpen(toggled(key)),
      ' ': () => setOpen(toggled(key)),
      '+': () => zoom.by(0.5, middleOf(row)),
      '-': () => zoom.by(2),
      '0': () => zoom.reset(),
      'Shift+ArrowRight': () => zoom.move(0.25),
      'Shift+ArrowLeft': () => zoom.move(-0.25),
    };
    const isArrow = event.shiftKey && event.key.startsWith('Arrow');
    const name = isArrow ? `Shift+${event.key}` : event.key;
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, name)) return;
    event.preventDefault();
    keys[name]!();
  };

  const first = shown.some(({ key }) => key === active) ? active : shown[0]?.key;
  return (
    <>
      <div
        role="treegrid"
        class="spans"
        ref={grid}
        aria-label="Spans"
        aria-description="Enter shows the details of a span. Plus, minus and 0 zoom."
        onKeyDown={(event) => {
          const at = rowIndex(event);
          if (at !== undefined) pressed(event, at);
        }}
      >
        {shown.map((one, index) => (
          <SpanRow
            {...one}
            key={one.key}
            stretch={zoom.stretch}
            totalMs={durationMs}
            critical={critical.get(one.row) ?? NO_SEGMENTS}
            isOpen={open.has(one.key)}
            isOpened={one.row.request === request}
            hasService={services.length > 1 && one.row.service !== serviceAt(shown, index - 1)}
            tabIndex={one.key === first ? 0 : -1}
            onOpen={() => setOpen(toggled(one.key))}
            onCollapse={() => setCollapsed(toggled(one.key))}
            onFocus={() => setActive(one.key)}
            onZoom={() => zoom.to(one.row.offsetMs, one.row.offsetMs + (one.row.durationMs ?? 0))}
          />
        ))}
      </div>
      {more}
    </>
  );
}

function serviceAt(shown: readonly VisibleRow[], index: number): string | undefined {
  return shown[index]?.row.service;
}

function middleOf({ offsetMs, durationMs = 0 }: WaterfallRow): number {
  return offsetMs + durationMs / 2;
}

/** The row that has the focus itself: a button in it has its own keys. */
function rowIndex({ target, currentTarget }: KeyboardEvent): number | undefined {
  const rows = (currentTarget as Element).querySelectorAll('[role=row]');
  const index = [...rows].indexOf(target as Element);
  return index === -1 ? undefined : index;
}

function segmentsByRow({ segments }: CriticalPath): Map<WaterfallRow, CriticalSegment[]> {
  const byRow = new Map<WaterfallRow, CriticalSegment[]>();
  for (const segment of segments) {
    const own = byRow.get(segment.row);
    if (own === undefined) byRow.set(segment.row, [segment]);
    else own.push(segment);
  }
  return byRow;
}

function toggled(key: string): (before: ReadonlySet<string>) => ReadonlySet<string> {
  return (before) => {
    const after = new Set(before);
    if (!after.delete(key)) after.add(key);
    return after;
  };
}
