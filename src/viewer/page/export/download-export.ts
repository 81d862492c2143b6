import type { ViewExport } from '../../view-records.js';
import { fillTemplate } from './html-export.js';
import type { ViewedRequest } from '../../store/viewed-records.js';

const REVOKE_MS = 10_000;

/** Saves records as one HTML file that needs no server. */
export async function downloadExport(records: ViewExport, name: string): Promise<void> {
  const response = await fetch('./export.html');
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  save(new Blob([fillTemplate(await response.text(), records)], { type: 'text/html' }), name);
}

/** `request-….html` for one request, else `traces-….html` with the time. */
export function fileName(requests: readonly ViewedRequest[], others: readonly unknown[]): string {
  const [only] = requests;
  if (only !== undefined && requests.length === 1 && others.length === 0) {
    return `request-${only.record.spanId.replace(/\W/g, '_')}.html`;
  }
  return `traces-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.html`;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
