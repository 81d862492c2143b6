import type { ViewExport } from '../../view-records.js';

/** The records that this page was saved with; `undefined` for the live page. */
export function readExport(page: Document): ViewExport | undefined {
  const text = page.getElementById('records')?.textContent;
  if (text === undefined) return undefined;
  // The template as it was built, opened by itself, has nothing to show.
  return (JSON.parse(text) as ViewExport | null) ?? { exportedAt: '', source: '', records: [] };
}
