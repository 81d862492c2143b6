import type { JSX } from 'preact';
import type { ViewLine } from '../view-records.js';
import { memo } from './lists/memo.js';
import type { Session, ShownLine } from './model/shown.js';
import { sessionLabel, timeText } from './model/titles.js';
import { sessionClass } from './parts/session-style.js';
import { rowFields, rowMessage } from './text/line-text.js';
import { Marked } from './text/marked.js';
import { levelTone } from './text/level-tone.js';
import { shortId } from './text/short-id.js';
import { visibleText } from './text/visible-text.js';

interface LineRowProps {
  readonly line: ShownLine;
  readonly record: ViewLine;
  readonly session: Session | undefined;
  readonly query: string;
  readonly hasService: boolean;
  readonly isLit: boolean;
  readonly isDim: boolean;
  readonly tabIndex: 0 | -1;
  onOpen(line: ShownLine): void;
}

/** One line of the right list, as the log's own text has it. */
export const LineRow = memo(function LineRow(props: LineRowProps): JSX.Element {
  const { record, query } = props;
  const { requestId, sessionId, level } = record;
  const fields = rowFields(record);
  const time = timeText(record.time);
  return (
    <div
      class={`line ${sessionClass(props.session)} level-${levelTone(level)}`}
      data-lit={props.isLit || undefined}
      data-dim={props.isDim || undefined}
      onClick={() => isSelecting() || props.onOpen(props.line)}
    >
      <time>
        {time.slice(0, 8)}
        <span class="fraction">{time.slice(8)}</span>
      </time>{' '}
      <span class="level">{visibleText(level).toUpperCase()}</span>{' '}
      <button
        type="button"
        class="tag"
        tabIndex={props.tabIndex}
        title="Open this line"
        data-target
      >
        [req=
        <Marked text={requestId === undefined ? 'none' : shortId(requestId)} query={query} />
        |session=
        <Marked text={sessionId === undefined ? 'none' : sessionLabel(sessionId)} query={query} />]
      </button>{' '}
      {props.hasService && <span class="service">{visibleText(record.service)} </span>}
      <span class="message">
        <Marked text={rowMessage(record)} query={query} />
        {fields !== '' && (
          <span class="fields">
            {' '}
            <Marked text={fields} query={query} />
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
