import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Numbered } from './row-window.js';
import { useActiveRow } from './use-active-row.js';
import { useRowWindow, type Scrolling } from './use-row-window.js';

/** What of a row the list decides. */
interface RowPlace {
  /** 0 for the one row that the Tab key reaches; the arrow keys reach the others. */
  readonly tabIndex: 0 | -1;
}

interface VirtualListProps<Item extends Numbered> {
  readonly label: string;
  readonly class: string;
  readonly items: readonly Item[];
  /** Pixels. */
  readonly rowHeight: number;
  /** Renders what the `<li>` holds; what is to take the focus has `data-target`. */
  row(item: Item, place: RowPlace): JSX.Element;
  readonly empty: ComponentChildren;
  /** Whether the end where new items are stays in view. */
  readonly isFollowing: boolean;
  /** Where that is. Default: `last`. */
  readonly followedEnd?: 'first' | 'last';
  /** The user has scrolled away from it. */
  onScrollAway(): void;
  /** The item under the pointer or with the focus; `undefined` when there is none any more. */
  onHover(item: Item | undefined): void;
  /** Another array scrolls to its first item, unless one of them can be seen. */
  readonly reveal?: readonly Numbered[] | undefined;
  /** Another object moves the focus to this item. */
  readonly focus?: Numbered | undefined;
}

const SCROLL_REST_MS = 150;

/** A list of any length, of which only the rows that can be seen are in the page. */
export function VirtualList<Item extends Numbered>(props: VirtualListProps<Item>): JSX.Element {
  const { items, rowHeight, onHover } = props;
  const scrolling = useRowWindow(props);
  const active = useActiveRow(items, scrolling, props.focus);
  useReveal(items, scrolling, props.reveal);
  const pointer = useRef({ x: -1, y: -1 });

  const [first, last] = scrolling.rows.range(items.length);
  const shown = items.slice(first, last).map((item, offset) => ({ item, index: first + offset }));
  const away = active.index < first || active.index >= last ? items[active.index] : undefined;
  // A row with the focus stays in the page, or the focus would be lost.
  if (away !== undefined) shown.push({ item: away, index: active.index });

  const itemOf = ({ target }: Event): Item | undefined => {
    const row = (target as Element).closest('[data-n]');
    return shown.find(({ item }) => String(item.n) === row?.getAttribute('data-n'))?.item;
  };

  const onPointerOver = (event: PointerEvent): void => {
    const { x, y } = pointer.current;
    pointer.current = { x: event.clientX, y: event.clientY };
    const isAtRest = x === event.clientX && y === event.clientY;
    const restedMs = performance.now() - scrolling.scrolledAt.current;
    // Rows that are scrolled along below it are not what the user points at.
    if (!isAtRest || restedMs > SCROLL_REST_MS) onHover(itemOf(event));
  };

  const onFocusIn = (event: FocusEvent): void => {
    const item = itemOf(event);
    if (item === undefined) return;
    active.enter(item);
    // A click comes after the hover, and the focus that it leaves must not stop the list.
    if ((event.target as Element).matches(':focus-visible')) onHover(item);
  };

  return (
    <div
      ref={scrolling.scroller}
      class={`scroller ${props.class}`}
      onScroll={scrolling.onScroll}
      onKeyDown={active.onKeyDown}
      onPointerOver={onPointerOver}
      onPointerLeave={() => onHover(undefined)}
      onFocusIn={onFocusIn}
      onFocusOut={() => onHover(undefined)}
    >
      {items.length === 0 && <div class="empty">{props.empty}</div>}
      {items.length > 0 && (
        <ul
          role="list"
          aria-label={props.label}
          style={{ height: `${items.length * rowHeight}px` }}
        >
          {shown.map(({ item, index }) => (
            <li
              key={item.n}
              data-n={item.n}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
            >
              {props.row(item, { tabIndex: index === active.tabStop ? 0 : -1 })}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Brings the first of the wanted items into view, unless one of them is. */
function useReveal(
  items: readonly Numbered[],
  { rows, render }: Scrolling,
  reveal: readonly Numbered[] | undefined,
): void {
  useEffect(() => {
    if (reveal === undefined || reveal.length === 0) return;
    const wanted = new Set(reveal.map(({ n }) => n));
    const [first, last] = rows.range(items.length);
    const isSeen = items
      .slice(first, last)
      .some(({ n }, offset) => wanted.has(n) && rows.isVisible(first + offset));
    const index = isSeen ? -1 : items.findIndex(({ n }) => wanted.has(n));
    if (index === -1) return;
    rows.center(index, items);
    render();
    // With less room they may have been pushed out of view.
  }, [reveal, rows.height]);
}
