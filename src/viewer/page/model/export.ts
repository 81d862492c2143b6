import type { ViewExport, ViewRecord } from '../../view-records.js';
import { scriptJson } from './plain-json.js';
import type { PageStore } from './page-store.js';
import type { ShownLine, ShownRequest } from './shown.js';

// Written so that the script of a page, which has this in it, does not have such a place itself.
const PLACE = /(?<=id="records">)null(?=<\/script>)/;

/**
 * Puts records into the self-contained page.
 *
 * @throws {Error} for a page that has no place for them.
 */
export function fillTemplate(html: string, records: ViewExport): string {
  if (!PLACE.test(html)) throw new Error('The page has no place for records.');
  // A text would have its `$&` replaced.
  return html.replace(PLACE, () => scriptJson(records));
}

/**
 * Requests with everything of their traces, so that each waterfall is whole, and other lines that
 * are wanted.
 */
export function exportOf(
  store: PageStore,
  requests: readonly ShownRequest[],
  source: string,
  otherLines: readonly ShownLine[] = [],
): ViewExport {
  const shown = new Set<ShownRequest>();
  const spans = new Set<ViewRecord>();
  const lines = new Set<ShownLine>();
  for (const request of requests) {
    if (shown.has(request)) continue;
    const trace = store.traceOf(request);
    for (const one of trace.requests) shown.add(one);
    for (const span of trace.spans) spans.add(span);
    for (const line of trace.lines) lines.add(line);
  }
  for (const line of otherLines) lines.add(line);
  return {
    exportedAt: new Date().toISOString(),
    source,
    records: [...recordsOf(shown), ...spans, ...recordsOf(lines)],
  };
}

/** In the order in which they came. */
function recordsOf(shown: ReadonlySet<ShownRequest | ShownLine>): ViewRecord[] {
  return [...shown].toSorted((a, b) => a.n - b.n).map(({ record }) => record);
}
