import type { JSX } from 'preact';
import type { Pointed } from './hooks/use-pointed.js';
import type { Numbered } from './lists/row-window.js';
import { VirtualList } from './lists/virtual-list.js';
import { LineRow } from './line-row.js';
import type { ShownLine } from './model/shown.js';
import { OverviewRuler } from './overview-ruler.js';

const ROW_HEIGHT = 26;
const COMPACT_ROW_HEIGHT = 46;

interface LinePanelProps {
  readonly lines: readonly ShownLine[];
  readonly pointed: Pointed;
  readonly query: string;
  readonly hasService: boolean;
  /** Whether a row has room for the message only on a second line. */
  readonly isCompact: boolean;
  readonly isFollowing: boolean;
  readonly focus: Numbered | undefined;
  readonly empty: string;
  readonly isHidden: boolean;
  /** Whether the detail lies over this panel. */
  readonly isCovered: boolean;
  onScrollUp(): void;
  onPoint(line: ShownLine | undefined): void;
  onOpen(line: ShownLine): void;
}

/** Right: the mixed lines in the order in which they were written. */
export function LinePanel(props: LinePanelProps): JSX.Element {
  const { lines, pointed } = props;
  const rowHeight = props.isCompact ? COMPACT_ROW_HEIGHT : ROW_HEIGHT;
  const isPointing = pointed.request !== undefined || pointed.line !== undefined;
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
      </header>
      <div class="terminal">
        <VirtualList
          key={props.isCompact}
          label="Log lines"
          class="line-list"
          items={lines}
          rowHeight={rowHeight}
          isFollowing={props.isFollowing}
          onScrollUp={props.onScrollUp}
          onPoint={props.onPoint}
          reveal={pointed.revealLines}
          focus={props.focus}
          empty={props.empty}
          row={(line, { tabIndex }) => (
            <LineRow
              line={line}
              record={line.record}
              session={line.session}
              query={props.query}
              hasService={props.hasService}
              isLit={pointed.lines.has(line) || line === pointed.line}
              isDim={isPointing && !pointed.lines.has(line) && line !== pointed.line}
              tabIndex={tabIndex}
              onOpen={props.onOpen}
            />
          )}
        />
        <OverviewRuler
          lines={lines}
          lit={pointed.lines}
          session={pointed.request?.session}
          rowHeight={rowHeight}
        />
      </div>
    </section>
  );
}
