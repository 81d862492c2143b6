import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useMedia } from './hooks/use-media.js';
import { useSettings } from './hooks/use-settings.js';
import {
  changeSettings,
  DEFAULT_SETTINGS,
  LEAST_PERCENT,
  MOST_PERCENT,
  percentOf,
} from './model/settings.js';

/** Where the log has room beside the detail; below that, it is above it. The styles have it too. */
const BESIDE = '(min-width: 1600px)';
const STEP = 2;

/**
 * The handle between the log and the detail, which the pointer and the arrow keys move.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/windowsplitter/
 */
export function SplitHandle(): JSX.Element {
  const isBeside = useMedia(BESIDE);
  const name = isBeside ? 'detailBeside' : 'detailBelow';
  const percent = useSettings()[name];
  const handle = useRef<HTMLDivElement>(null);
  const resize = (to: number): void => changeSettings({ [name]: percentOf(to) });
  useEffect(() => {
    handle.current!.parentElement!.style.setProperty('--detail-size', `${percent}%`);
  }, [percent]);

  const drag = ({ clientX, clientY, buttons }: PointerEvent): void => {
    if (buttons === 0) return;
    const { right, bottom, width, height } = handle.current!.parentElement!.getBoundingClientRect();
    resize(((isBeside ? right - clientX : bottom - clientY) / (isBeside ? width : height)) * 100);
  };
  const press = (event: KeyboardEvent): void => {
    const sizes: Readonly<Record<string, number>> = {
      [isBeside ? 'ArrowLeft' : 'ArrowUp']: percent + STEP,
      [isBeside ? 'ArrowRight' : 'ArrowDown']: percent - STEP,
      Home: LEAST_PERCENT,
      End: MOST_PERCENT,
      Enter: DEFAULT_SETTINGS[name],
    };
    const size = Object.hasOwn(sizes, event.key) ? sizes[event.key] : undefined;
    if (size === undefined) return;
    event.preventDefault();
    resize(size);
  };
  return (
    <div
      ref={handle}
      class="split-handle"
      role="separator"
      tabIndex={0}
      aria-label="Size of the details"
      aria-orientation={isBeside ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(percent)}
      aria-valuemin={LEAST_PERCENT}
      aria-valuemax={MOST_PERCENT}
      title="Drag to resize; double-click for the default size"
      onKeyDown={press}
      onDblClick={() => resize(DEFAULT_SETTINGS[name])}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
    />
  );
}
