import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { Hovered } from './hooks/use-hovered.js';
import { sessionClass } from './parts/session-class.js';

interface ConnectorsProps {
  readonly board: RefObject<HTMLElement | null>;
  readonly hovered: Hovered;
}

interface Drawn {
  readonly height: number;
  readonly paths: readonly string[];
}

const NOTHING: Drawn = { height: 0, paths: [] };

/** Arrows from the request under the pointer to those of its lines that are visible. */
export function Connectors({ board, hovered }: ConnectorsProps): JSX.Element {
  const gutter = useRef<HTMLDivElement>(null);
  const drawn = useRef(NOTHING);
  const [, render] = useReducer((times: number) => times + 1, 0);
  const isHovering = hovered.request !== undefined;

  const redraw = (): void => {
    const next = isHovering ? draw(board.current!, gutter.current!) : NOTHING;
    if (JSON.stringify(next) === JSON.stringify(drawn.current)) return;
    drawn.current = next;
    render(undefined);
  };

  // The positions of rows are known after they are in the page.
  useLayoutEffect(redraw);
  useEffect(() => {
    if (!isHovering) return undefined;
    const element = board.current!;
    const redrawInFrame = (): void => void requestAnimationFrame(redraw);
    element.addEventListener('scroll', redrawInFrame, { capture: true, passive: true });
    return () => element.removeEventListener('scroll', redrawInFrame, { capture: true });
  }, [isHovering]);

  const { height, paths } = drawn.current;
  return (
    <div ref={gutter} class={`gutter ${sessionClass(hovered.request?.session)}`} aria-hidden="true">
      <svg width="100%" height={height}>
        {paths.map((path) => (
          <path key={path} d={path} />
        ))}
      </svg>
    </div>
  );
}

function draw(board: HTMLElement, gutter: HTMLElement): Drawn {
  const box = gutter.getBoundingClientRect();
  const list = board.querySelector('.line-terminal')?.getBoundingClientRect();
  const request = board.querySelector('.request[data-pointed-at]')?.getBoundingClientRect();
  if (list === undefined || request === undefined || box.width === 0) return NOTHING;
  const from = middleOf(request) - box.top;
  const paths = [...board.querySelectorAll('.line[data-highlighted]')]
    .map((line) => middleOf(line.getBoundingClientRect()))
    .filter((y) => y > list.top && y < list.bottom)
    .map((y) => curve(box.width, clamp(from, list.top - box.top, box.height), y - box.top));
  return { height: box.height, paths };
}

function middleOf({ top, height }: DOMRect): number {
  return top + height / 2;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

function curve(width: number, from: number, to: number): string {
  const half = width / 2;
  const end = width - 4;
  const arrow = `M${end - 4} ${to - 3.5}L${end} ${to}L${end - 4} ${to + 3.5}`;
  return `M0 ${from}C${half} ${from} ${half} ${to} ${end} ${to}${arrow}`;
}
