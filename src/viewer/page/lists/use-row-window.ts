import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { RowWindow, type Numbered } from './row-window.js';

interface RowWindowOptions {
  readonly items: readonly Numbered[];
  /** Pixels. */
  readonly rowHeight: number;
  readonly isFollowing: boolean;
  /** Where new items are. Default: `last`. */
  readonly followedEnd?: 'first' | 'last';
  /** The user has scrolled away from that end. */
  onScrollAway(): void;
}

/** A list's window, and the element that scrolls below it. */
export interface Scrolling {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rows: RowWindow;
  onScroll(): void;
  /** When the user scrolled last, by `performance.now()`. */
  readonly scrolledAt: RefObject<number>;
  /** Renders again, after the window was moved. */
  render(): void;
}

/** Keeps the window and the browser's scroll position the same, whichever changes first. */
export function useRowWindow(options: RowWindowOptions): Scrolling {
  const { items, rowHeight, isFollowing, followedEnd = 'last' } = options;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => new RowWindow(rowHeight), [rowHeight]);
  const appliedTop = useRef(0);
  const scrolledAt = useRef(-Infinity);
  const [, renderAgain] = useReducer((times: number) => times + 1, 0);
  const render = (): void => renderAgain(undefined);

  rows.settle(items, isFollowing, followedEnd);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const resized = new ResizeObserver(() => {
      rows.height = element.clientHeight;
      render();
    });
    resized.observe(element);
    return () => resized.disconnect();
  }, [rows]);

  useLayoutEffect(() => {
    const element = scroller.current!;
    // If it has moved, the user has scrolled, and the event is still to come.
    if (Math.abs(element.scrollTop - appliedTop.current) >= 1) return;
    if (rows.top !== appliedTop.current) element.scrollTop = rows.top;
    appliedTop.current = element.scrollTop;
  });

  const onScroll = (): void => {
    // The event may come when the list is gone.
    if (scroller.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    appliedTop.current = scrollTop;
    // Scrolled by this hook itself.
    if (Math.abs(scrollTop - rows.top) < 1) return;
    const isAway =
      followedEnd === 'first'
        ? scrollTop > rows.top
        : scrollTop < rows.top && scrollTop < scrollHeight - clientHeight - 1;
    if (isAway) options.onScrollAway();
    rows.moveTo(scrollTop, items);
    scrolledAt.current = performance.now();
    render();
  };

  return { scroller, rows, onScroll, scrolledAt, render };
}
