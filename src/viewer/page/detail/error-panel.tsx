import type { JSX } from 'preact';
import { isFailure } from '../../request-outcome.js';
import { errorTitle } from '../../summary/error-summary.js';
import type { ViewRequest } from '../../view-records.js';
import type { WaterfallRow } from '../../waterfall/waterfall.js';
import { CopyButton } from '../parts/copy-button.js';
import { visibleLines, visibleText } from '../text/visible-text.js';
import { errorParts } from './error-parts.js';

/** More frames of the application itself are only in the whole stack. */
const MAX_FRAMES = 5;

interface ErrorPanelProps {
  readonly record: ViewRequest;
  readonly rows: readonly WaterfallRow[];
  /** Shows a row of the waterfall. */
  onShow(row: WaterfallRow): void;
}

/** What a request failed with. Above everything else, and not scrolled away. */
export function ErrorPanel({ record, rows, onShow }: ErrorPanelProps): JSX.Element | null {
  const row = failingRow(rows, record);
  const error = record.error ?? (isFailure(record) ? row?.span?.error : undefined);
  if (error === undefined && !isFailure(record)) return null;
  const [first, ...causes] = errorParts(error ?? errorTitle(record));
  const { error_id: id } = record;
  return (
    <section class="error-panel" aria-label="Error" tabIndex={0}>
      <p class="error-title">{visibleLines(first!.title)}</p>
      {causes.map(({ title }, index) => (
        <p key={index} class="error-cause">
          <span>caused by</span> {visibleLines(title)}
        </p>
      ))}
      <p class="error-where">
        {row !== undefined && (
          <button type="button" class="link" onClick={() => onShow(row)}>
            in {visibleText(row.name)}
          </button>
        )}
        {id !== undefined && (
          <span class="error-id">
            error id <code>{visibleText(id)}</code>
            <CopyButton name="Copy error id" text={() => id} />
          </span>
        )}
      </p>
      {error !== undefined && first!.frames > 0 && (
        <>
          {first!.ownFrames.length > 0 && (
            <pre class="own-frames">
              {visibleLines(first!.ownFrames.slice(0, MAX_FRAMES).join('\n'))}
            </pre>
          )}
          <details>
            <summary>Whole stack</summary>
            <pre class="stack-trace">{visibleLines(error.trim())}</pre>
          </details>
        </>
      )}
    </section>
  );
}

/** The innermost span of a request that failed, and of several the last. */
function failingRow(
  rows: readonly WaterfallRow[],
  { spanId }: ViewRequest,
): WaterfallRow | undefined {
  const own = rows.findIndex(({ request }) => request?.record.spanId === spanId);
  let found: number | undefined;
  const inside = new Set([own]);
  for (const [index, { parent, isFailed, kind }] of rows.entries()) {
    if (parent === undefined || !inside.has(parent)) continue;
    inside.add(index);
    if (isFailed && kind === 'span' && rows[index]!.depth >= (rows[found ?? -1]?.depth ?? 0)) {
      found = index;
    }
  }
  return rows[found ?? -1];
}
