import type { JSX } from 'preact';
import type { ViewLine } from '../view-records.js';
import { memo } from './lists/memo.js';
import type { Session, ViewedLine } from '../store/viewed-records.js';
import { dayText, sessionLabel, timeText } from './text/display-text.js';
import { sessionClass } from './parts/session-class.js';
import { rowFields, rowMessage } from './text/line-row-text.js';
import { HighlightedText } from './text/highlighted-text.js';
import { levelTone } from './text/level-tone.js';
import { shortId } from './text/short-id.js';
import { visibleText } from './text/visible-text.js';

interface LineRowProps {
  readonly line: ViewedLine;
  readonly record: ViewLine;
  readonly session: Session | undefined;
  /** What is marked in texts. */
  readonly words: readonly string[];
  readonly hasService: boolean;
  readonly isHighlighted: boolean;
  readonly isDimmed: boolean;
  readonly tabIndex: 0 | -1;
  onOpen(line: ViewedLine): void;
}

/** One row of the list of log lines, as the text format shows it. */
export const LineRow = memo(function LineRow(props: LineRowProps): JSX.Element {
  const { record, words } = props;
  const { requestId, sessionId, level } = record;
  const fields = rowFields(record);
  const day = dayText(record.time);
  const time = timeText(record.time);
  return (
    <div
      class={`line ${sessionClass(props.session)} level-${levelTone(level)}`}
      data-highlighted={props.isHighlighted || undefined}
      data-dimmed={props.isDimmed || undefined}
      onClick={() => isSelecting() || props.onOpen(props.line)}
    >
      <time>
        {day !== '' && `${day} `}
        {time.slice(0, 8)}
        <span class="fraction">{time.slice(8)}</span>
      </time>{' '}
      <span class="level">{visibleText(level).toUpperCase()}</span>{' '}
      <button
        type="button"
        class="line-ids"
        tabIndex={props.tabIndex}
        title="Open this line"
        data-target
      >
        [req=
        <HighlightedText
          text={requestId === undefined ? 'none' : shortId(requestId)}
          words={words}
        />
        |session=
        <HighlightedText
          text={sessionId === undefined ? 'none' : sessionLabel(sessionId)}
          words={words}
        />
        ]
      </button>{' '}
      {props.hasService && <span class="service">{visibleText(record.service)} </span>}
      <span class="message">
        <HighlightedText text={rowMessage(record)} words={words} />
        {fields !== '' && (
          <span class="fields">
            {' '}
            <HighlightedText text={fields} words={words} />
          </span>
        )}
      </span>
    </div>
  );
});

// Dragging across a line selects its text and ends in a click as well.
function isSelecting(): boolean {
  return getSelection()?.type === 'Range';
}
