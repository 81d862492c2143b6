import type { ViewExport } from '../../view-records.js';

/** The records in an exported page; `undefined` for the live page. */
export function readEmbeddedExport(page: Document): ViewExport | undefined {
  const text = page.getElementById('records')?.textContent;
  if (text === undefined) return undefined;
  // The template itself, as it was built, has no records.
  return (JSON.parse(text) as ViewExport | null) ?? { exportedAt: '', source: '', records: [] };
}
