import type { JSX } from 'preact';
import type { ShownLine } from '../model/shown.js';
import { levelTone } from '../text/level-tone.js';
import { visibleText } from '../text/visible-text.js';
import { DetailFrame } from './detail-frame.js';
import { LineFacts } from './line-facts.js';

interface LineDetailProps {
  readonly line: ShownLine;
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
      marks={
        <span class={`level level-${levelTone(record.level)}`}>
          {visibleText(record.level).toUpperCase()}
        </span>
      }
    >
      <p class="nothing">It was written outside of any request that is kept here.</p>
      <LineFacts record={record} />
    </DetailFrame>
  );
}
