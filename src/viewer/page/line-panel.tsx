import type { JSX } from 'preact';
import type { Hovered } from './hooks/use-hovered.js';
import type { Numbered } from './lists/row-window.js';
import { VirtualList } from './lists/virtual-list.js';
import { LineRow } from './line-row.js';
import type { ViewedLine } from '../store/viewed-records.js';
import { OverviewRuler } from './overview-ruler.js';

const ROW_HEIGHT = 26;
const COMPACT_ROW_HEIGHT = 46;

interface LinePanelProps {
  readonly lines: readonly ViewedLine[];
  readonly hovered: Hovered;
  /** What is marked in texts. */
  readonly words: readonly string[];
  readonly hasService: boolean;
  /** Whether a row has room for the message only on a second line. */
  readonly isCompact: boolean;
  /** How many lines are of no request; 0 where none is, or where they are all shown. */
  readonly outside: number;
  readonly hasOutside: boolean;
  readonly isFollowing: boolean;
  readonly focus: Numbered | undefined;
  readonly empty: string;
  readonly isHidden: boolean;
  /** Whether the detail covers this panel. */
  readonly isCovered: boolean;
  onScrollAway(): void;
  onHover(line: ViewedLine | undefined): void;
  onOpen(line: ViewedLine): void;
  onShowOutside(isShown: boolean): void;
}

/** The list of log lines of all requests, on the right, in the order in which they were written. */
export function LinePanel(props: LinePanelProps): JSX.Element {
  const { lines, hovered } = props;
  const rowHeight = props.isCompact ? COMPACT_ROW_HEIGHT : ROW_HEIGHT;
  const isHovering = hovered.request !== undefined || hovered.line !== undefined;
  return (
    <section
      class="panel lines"
      aria-labelledby="lines-title"
      hidden={props.isHidden}
      inert={props.isCovered}
    >
      <header class="panel-head">
        <h2 id="lines-title">Log lines</h2>
        <span class="count">{lines.length.toLocaleString('en')}</span>
        {props.outside > 0 && (
          <button
            type="button"
            class="button quiet outside"
            aria-pressed={props.hasOutside}
            title="Lines outside of requests, such as those at startup. Warnings are always shown."
            onClick={() => props.onShowOutside(!props.hasOutside)}
          >
            {props.hasOutside ? 'Hide' : 'Show'} {outsideText(props.outside)}
          </button>
        )}
      </header>
      <div class="line-terminal">
        <VirtualList
          key={props.isCompact}
          label="Log lines"
          class="line-list"
          items={lines}
          rowHeight={rowHeight}
          isFollowing={props.isFollowing}
          onScrollAway={props.onScrollAway}
          onHover={props.onHover}
          reveal={hovered.revealLines}
          focus={props.focus}
          empty={props.empty}
          row={(line, { tabIndex }) => (
            <LineRow
              line={line}
              record={line.record}
              session={line.session}
              words={props.words}
              hasService={props.hasService}
              isHighlighted={hovered.lines.has(line) || line === hovered.line}
              isDimmed={isHovering && !hovered.lines.has(line) && line !== hovered.line}
              tabIndex={tabIndex}
              onOpen={props.onOpen}
            />
          )}
        />
        <OverviewRuler
          lines={lines}
          highlighted={hovered.lines}
          session={hovered.request?.session}
          rowHeight={rowHeight}
        />
      </div>
    </section>
  );
}

function outsideText(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'line' : 'lines'} outside requests`;
}
