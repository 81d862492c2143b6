import type { JSX } from 'preact';
import type { ViewedLine } from '../../store/viewed-records.js';
import { levelTone } from '../text/level-tone.js';
import { visibleText } from '../text/visible-text.js';
import { DetailFrame } from './detail-frame.js';
import { LineProperties } from './line-properties.js';

interface LineDetailProps {
  readonly line: ViewedLine;
  onClose(): void;
}

/** A line that belongs to no request. */
export function LineDetail({ line, onClose }: LineDetailProps): JSX.Element {
  const { record } = line;
  return (
    <DetailFrame
      title="Log line"
      subject={line}
      onClose={onClose}
      badges={
        <span class={`level level-${levelTone(record.level)}`}>
          {visibleText(record.level).toUpperCase()}
        </span>
      }
    >
      <p class="hint">This line belongs to no request on this page.</p>
      <LineProperties record={record} />
    </DetailFrame>
  );
}
