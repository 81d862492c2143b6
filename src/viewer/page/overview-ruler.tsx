import type { JSX } from 'preact';
import type { Session, ViewedLine } from '../store/viewed-records.js';
import { indexOfLine } from './lists/line-key.js';
import { sessionClass } from './parts/session-class.js';

const MAX_MARKS = 300;

interface OverviewRulerProps {
  readonly lines: readonly ViewedLine[];
  readonly highlighted: ReadonlySet<ViewedLine>;
  readonly session: Session | undefined;
  /** Pixels. */
  readonly rowHeight: number;
}

/** Marks beside the scroll bar: where in the list the lines of the request are. */
export function OverviewRuler({
  lines,
  highlighted,
  session,
  rowHeight,
}: OverviewRulerProps): JSX.Element {
  const marks = [...highlighted].slice(0, MAX_MARKS).flatMap((line) => {
    const index = indexOfLine(lines, line);
    return index === -1 ? [] : [{ n: line.n, share: (index + 0.5) / lines.length }];
  });
  return (
    <div class={`ruler ${sessionClass(session)}`} aria-hidden="true">
      {marks.map(({ n, share }) => (
        // A list that needs no scroll bar ends above the end of the ruler.
        <i key={n} style={{ top: `calc(min(100%, ${lines.length * rowHeight}px) * ${share})` }} />
      ))}
    </div>
  );
}
