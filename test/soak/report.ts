import type { Tally } from './ledger.js';

const HEADINGS: Readonly<Record<keyof Tally, string>> = {
  sent: 'sent',
  finished: 'access log',
  lines: 'other lines',
  wrong: 'wrong',
};
const COLUMNS = Object.keys(HEADINGS) as (keyof Tally)[];
const WIDTH = 14;

/** What was sent, by kind, and what was found of it. */
export function tableOf(tallies: ReadonlyMap<string, Tally>): string {
  const total: Tally = { sent: 0, finished: 0, lines: 0, wrong: 0 };
  for (const tally of tallies.values()) {
    for (const name of COLUMNS) total[name] += tally[name];
  }
  const rows = [...tallies, ['all', total] as const];
  const width = Math.max(...rows.map(([kind]) => kind.length));
  const head = ' '.repeat(width) + COLUMNS.map((name) => cell(HEADINGS[name])).join('');
  const body = rows.map(
    ([kind, tally]) =>
      kind.padEnd(width) + COLUMNS.map((name) => cell(tally[name].toLocaleString('en'))).join(''),
  );
  return [head, ...body].join('\n');
}

function cell(text: string): string {
  return text.padStart(WIDTH);
}
