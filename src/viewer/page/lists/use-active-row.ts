import { useLayoutEffect, useRef } from 'preact/hooks';
import { indexNear, type Numbered } from './row-window.js';
import type { Scrolling } from './use-row-window.js';

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -Infinity,
  End: Infinity,
};

/** The one row that the Tab key reaches, and how the focus gets to others. */
export interface ActiveRow {
  /** Where the row is that had the focus last; -1 where there is none, or none any more. */
  readonly index: number;
  /** The row to reach by Tab: that one, or else the first that can be seen. */
  readonly tabStop: number;
  /** The focus is on this row now. */
  enter(item: Numbered): void;
  onKeyDown(event: KeyboardEvent): void;
}

/**
 * @param focus another object moves the focus to this item.
 * @see https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/#kbd_roving_tabindex
 */
export function useActiveRow(
  items: readonly Numbered[],
  { rows, scroller, render }: Scrolling,
  focus: Numbered | undefined,
): ActiveRow {
  const active = useRef({ n: -1, index: -1, takesFocus: false });
  active.current.index = placeOf(active.current, items);
  const { index } = active.current;
  const firstSeen = Math.min(items.length - 1, Math.ceil(rows.top / rows.rowHeight));
  const tabStop = index === -1 ? firstSeen : index;

  const goTo = (index: number): void => {
    const item = items[index];
    if (item === undefined) return;
    active.current = { n: item.n, index, takesFocus: true };
    rows.show(index, items);
    render();
  };

  // Before the next key: it may be Enter.
  useLayoutEffect(() => {
    if (focus !== undefined) goTo(items.findIndex(({ n }) => n === focus.n));
  }, [focus]);

  useLayoutEffect(() => {
    if (!active.current.takesFocus) return;
    const target = `[data-n="${active.current.n}"] [data-target]`;
    const element = scroller.current!.querySelector<HTMLElement>(target);
    if (element === null) return;
    active.current.takesFocus = false;
    element.focus({ preventScroll: true });
  });

  return {
    index,
    tabStop,
    enter: (item) => {
      active.current = { n: item.n, index: items.indexOf(item), takesFocus: false };
      render();
    },
    onKeyDown: (event) => {
      const step = Object.hasOwn(STEPS, event.key) ? STEPS[event.key] : undefined;
      if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      goTo(Math.max(0, Math.min(items.length - 1, tabStop + step)));
    },
  };
}

function placeOf({ n, index }: { n: number; index: number }, items: readonly Numbered[]): number {
  return n === -1 || index === -1 ? -1 : indexNear(items, n, index);
}
