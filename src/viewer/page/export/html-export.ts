import type { ViewExport, ViewRecord } from '../../view-records.js';
import { scriptJson } from '../../plain-json.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';

// A pattern that does not match itself: it is in the script of the page that it is applied to.
const PLACE = /(?<=id="records">)null(?=<\/script>)/;

/**
 * Puts records into the page that needs no server.
 *
 * @throws {Error} for a page that has no place for them.
 */
export function fillTemplate(html: string, records: ViewExport): string {
  if (!PLACE.test(html)) throw new Error('The page has no place for records.');
  // In a replacement that is a string, `$&` has a meaning.
  return html.replace(PLACE, () => scriptJson(records));
}

/**
 * Requests with all records of their traces, so that each waterfall is complete, and other lines.
 */
export function exportOf(
  store: ViewStore,
  requests: readonly ViewedRequest[],
  source: string,
  otherLines: readonly ViewedLine[] = [],
): ViewExport {
  const shown = new Set<ViewedRequest>();
  const spans = new Set<ViewRecord>();
  const lines = new Set<ViewedLine>();
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

/** In the order in which they arrived. */
function recordsOf(shown: ReadonlySet<ViewedRequest | ViewedLine>): ViewRecord[] {
  return [...shown].toSorted((a, b) => a.n - b.n).map(({ record }) => record);
}
