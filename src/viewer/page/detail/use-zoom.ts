import type { TargetedPointerEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { moved, stretchOf, zoomed, type Stretch } from './zoom.js';

/** A shorter movement is a click. */
const LEAST_PX = 5;

/** The stretch of the axis that is shown, and what changes it. */
export interface Zoom {
  readonly stretch: Stretch;
  readonly isZoomed: boolean;
  /** What is being selected with the pointer. */
  readonly selected: Stretch | undefined;
  to(from: number, to: number): void;
  /** Below 1: in. */
  by(factor: number, around?: number): void;
  /** By a part of what is shown. */
  move(part: number): void;
  reset(): void;
  /** For the element around everything that has the axis. */
  readonly pointer: {
    onPointerDown(event: TargetedPointerEvent<HTMLElement>): void;
    onPointerMove(event: TargetedPointerEvent<HTMLElement>): void;
    onPointerUp(event: TargetedPointerEvent<HTMLElement>): void;
    onClickCapture(event: Event): void;
  };
}

interface Drag {
  readonly axis: DOMRect;
  readonly startX: number;
  isMoved: boolean;
}

export function useZoom(totalMs: number): Zoom {
  const [zoom, setZoom] = useState<Stretch | undefined>();
  const [selected, setSelected] = useState<Stretch | undefined>();
  const drag = useRef<Drag | undefined>(undefined);
  const stretch = zoom ?? { from: 0, to: totalMs };
  const msAt = (x: number, { left, width }: DOMRect): number =>
    stretch.from + ((x - left) / width) * (stretch.to - stretch.from);
  return {
    stretch,
    isZoomed: zoom !== undefined,
    selected,
    to: (from, to) => setZoom(stretchOf(from, to, totalMs)),
    by: (factor, around) => setZoom(zoomed(stretch, factor, totalMs, around)),
    move: (part) => setZoom(moved(stretch, part, totalMs)),
    reset: () => setZoom(undefined),
    pointer: {
      onPointerDown: ({ target, pointerType, button, clientX }) => {
        const axis = (target as Element).closest('.axis, .track');
        drag.current = undefined;
        // A finger scrolls.
        if (axis === null || pointerType === 'touch' || button !== 0) return;
        drag.current = { axis: axis.getBoundingClientRect(), startX: clientX, isMoved: false };
      },
      onPointerMove: ({ currentTarget, clientX, pointerId, buttons }) => {
        const { current } = drag;
        if (current === undefined || buttons === 0) return;
        if (!current.isMoved && Math.abs(clientX - current.startX) < LEAST_PX) return;
        if (!current.isMoved) currentTarget.setPointerCapture(pointerId);
        current.isMoved = true;
        const [from, to] = [msAt(current.startX, current.axis), msAt(clientX, current.axis)];
        setSelected(stretchOf(from, to, totalMs) ?? stretch);
      },
      onPointerUp: () => {
        if (drag.current?.isMoved === true && selected !== undefined) setZoom(selected);
        setSelected(undefined);
      },
      // The end of a drag is no click on a row.
      onClickCapture: (event) => {
        if (drag.current?.isMoved === true) event.stopPropagation();
        drag.current = undefined;
      },
    },
  };
}
