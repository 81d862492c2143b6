import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ViewedLine } from '../../store/viewed-records.js';
import { durationText } from '../../duration-text.js';
import { rowFields, rowMessage } from '../text/line-row-text.js';
import { levelTone } from '../text/level-tone.js';
import { visibleText } from '../text/visible-text.js';
import { LineProperties } from './line-properties.js';
import { placeOf, type Stretch } from './zoom.js';

interface TimelineLineProps {
  readonly line: ViewedLine;
  readonly offsetMs: number;
  readonly stretch: Stretch;
  readonly hasService: boolean;
  /** Whether it is the line that was clicked. */
  readonly isMarked: boolean;
}

/** A line in its place on the time axis. */
export function TimelineLine(props: TimelineLineProps): JSX.Element {
  const { line, offsetMs, stretch, isMarked } = props;
  const { record } = line;
  const [isOpen, setIsOpen] = useState(isMarked);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!isMarked) return;
    setIsOpen(true);
    row.current!.scrollIntoView({ block: 'center' });
  }, [isMarked]);
  const { from, to } = stretch;
  const place = placeOf(Math.min(to, Math.max(from, offsetMs)), to, stretch)!.left;
  // In the right half there is more room on the left of the dot.
  const isLate = offsetMs > (from + to) / 2;
  const fields = rowFields(record);
  return (
    <li
      ref={row}
      class={`timeline-line level-${levelTone(record.level)}`}
      data-marked={isMarked || undefined}
    >
      <span class="line-when">
        <span class="offset">
          {offsetMs < 0 ? '−' : '+'}
          {durationText(Math.abs(offsetMs))}
        </span>{' '}
        <span class="level">{visibleText(record.level).toUpperCase()}</span>{' '}
        {props.hasService && <span class="service">{visibleText(record.service)}</span>}
      </span>
      <div class="line-track" data-late={isLate || undefined}>
        <span class="line-dot" style={{ left: place }} aria-hidden="true" />
        <button
          type="button"
          class="line-text"
          aria-expanded={isOpen}
          style={isLate ? { right: `calc(100% - ${place})`, maxWidth: place } : { left: place }}
          onClick={() => setIsOpen(!isOpen)}
        >
          {visibleText(rowMessage(record))}
          {fields !== '' && <span class="fields"> {visibleText(fields)}</span>}
        </button>
      </div>
      {isOpen && <LineProperties record={record} />}
    </li>
  );
}
