import { isFlat, isLinear, shown } from '../figures.js';
import { addedBy, type Contender, failuresOf, timeRequests } from '../in-memory/time-requests.js';
import { markdownTable } from '../markdown-table.js';
import type { Findings, Run } from '../run.js';
import { baselineOf } from '../variant-list.js';
import { type Growth, growths } from './growths.js';
import { readerCounts, timeReaders } from './readers.js';

/** How a cost grows, as a row of the table. */
interface Row {
  name: string;
  counts: readonly number[];
  costs: readonly number[];
  may: Growth['may'];
}

const processes = 2;

/** How the cost of tracing grows with what an application has. */
export async function scaleSection(run: Run): Promise<Findings> {
  const failures: string[] = [];
  const rows: Row[] = [];
  for (const growth of growths) rows.push(...(await rowsOf(run, growth, failures)));
  for (const { node, added } of await timeReaders(run, failures)) {
    const name = `pages of the viewer that are open: µs for one record, Node ${node.major}`;
    rows.push({ name, counts: readerCounts, costs: added, may: 'be linear' });
  }
  return {
    text: [
      '## How the cost grows',
      'Microseconds of CPU. Flat: no more than a quarter above the least before. Linear: from one count ' +
        'to the next no more than the counts differ by, and a quarter.',
      table(rows),
    ],
    failures,
  };
}

async function rowsOf(run: Run, growth: Growth, failures: string[]): Promise<Row[]> {
  const { name, counts, platforms, per, may, sizes } = growth;
  const variants = counts.map(growth.variant);
  const measured = [...new Set(variants.flatMap((variant) => [baselineOf(variant), variant]))];
  const places = run.nodes.flatMap((node) => platforms.map((platform) => ({ node, platform })));
  const contenders = places.flatMap((place) =>
    measured.map((variant): Contender => ({ ...place, variant })),
  );
  const timings = await timeRequests(run, contenders, { processes, ...sizes });
  failures.push(...failuresOf(timings));
  return places.map(({ node, platform }) => ({
    name: `${name}: ${per}, ${platform}, Node ${node.major}`,
    counts,
    costs: variants.map((variant) => addedBy(variant, platform, node, timings)),
    may,
  }));
}

function table(rows: readonly Row[]): string {
  return markdownTable(
    ['', 'with', 'µs', ''],
    rows.map(({ name, counts, costs, may }) => [
      name,
      counts.map((count) => count.toLocaleString('en')).join(' / '),
      costs.map((cost) => shown(cost, 1)).join(' / '),
      judgement(counts, costs, may),
    ]),
  );
}

function judgement(counts: readonly number[], costs: readonly number[], may: Growth['may']) {
  if (costs.some(Number.isNaN)) return '–';
  if (may === 'be flat') return isFlat(costs) ? 'flat' : 'not flat';
  return isLinear(counts, costs) ? 'linear or better' : 'worse than linear';
}
