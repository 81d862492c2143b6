import { EntryReader } from '../../src/cli/untangle/entry-reader.js';
import type { LogLine } from '../../src/cli/untangle/log-line.js';

/** What is read of a source: its lines, and what is no entry. */
export function readAll(text: string): { lines: LogLine[]; others: string[] } {
  const lines: LogLine[] = [];
  const others: string[] = [];
  const reader = new EntryReader({
    line: (one) => lines.push(one),
    other: (bytes) => others.push(String(bytes)),
  });
  for (const row of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const bytes = Buffer.from(row);
    reader.take(bytes, 0, bytes.length);
  }
  reader.end();
  return { lines, others };
}
