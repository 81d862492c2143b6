import { isFlat, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import { forEachIn, type Findings, type Run } from '../run.js';
import { ServerProcess } from '../server-process.js';
import { bare, ours } from '../variant-list.js';
import type { BatchSizes } from './batches.js';
import { isSteady, longRunTable, watchLongRuns } from './long-run.js';
import { type Contender, contendersOf, titleOf } from './time-requests.js';

/** Requests that a server works on at the same time. */
const inFlight = [1, 100, 1_000] as const;

const full = { processes: 3, warmUp: 15_000, batch: 5_000, batches: 6 };
const quick = { processes: 1, warmUp: 200, batch: 200, batches: 1 };

interface InFlightTiming extends Contender {
  /** µs of CPU for one request, for each of {@link inFlight}. */
  taken: number[];
}

/** What a request costs while few and while many are under way, and early and late in a long run. */
export async function inFlightSection(run: Run): Promise<Findings> {
  const failures: string[] = [];
  const timings = await timeInFlight(run, failures);
  const longRuns = await watchLongRuns(run, failures);
  return {
    text: [
      '## Many requests at once',
      'Microseconds of CPU that nestjs-tracing adds to one request, over connections in memory. ' +
        'With more in flight than one, the lines of several are written at once.',
      inFlightTable(timings),
      '## A long run',
      'The heap is looked at after a forced collection: what remains is still referenced. ' +
        'CPU is of one request.',
      longRunTable(longRuns),
    ],
    failures: [
      ...failures,
      ...longRuns
        .filter((longRun) => longRun.variant === ours && !isSteady(longRun) && !run.isQuick)
        .map(({ platform, node }) => `A long run grows: ${platform}, Node ${node.major}`),
    ],
  };
}

async function timeInFlight(run: Run, failures: string[]): Promise<InFlightTiming[]> {
  const { processes, ...sizes } = run.isQuick ? quick : full;
  const timings = contendersOf(run, [bare, ours]).map((contender): InFlightTiming => ({
    ...contender,
    taken: inFlight.map(() => Infinity),
  }));
  for (let round = 1; round <= processes; round++) {
    run.announce(`in flight: round ${round} of ${processes}`);
    await forEachIn(run, timings, async (timing) => {
      try {
        const taken = await timeOne(run, timing, sizes);
        timing.taken = timing.taken.map((least, i) => Math.min(least, taken[i]!));
      } catch (error) {
        failures.push(`in flight: ${titleOf(timing)}: ${String(error)}`);
      }
    });
  }
  return timings;
}

async function timeOne(
  { output, isQuick }: Run,
  { variant, platform, node }: Contender,
  sizes: BatchSizes,
): Promise<number[]> {
  const server = await ServerProcess.start(variant, platform, {
    ...{ output, node, pace: 'settled', isPinned: !isQuick },
  });
  try {
    const taken: number[] = [];
    for (const count of inFlight) {
      taken.push(await server.ask('batches', { ...sizes, inFlight: count }));
    }
    return taken;
  } finally {
    await server.stop();
  }
}

function inFlightTable(timings: readonly InFlightTiming[]): string {
  const rows = timings
    .filter(({ variant }) => variant === ours)
    .map(({ platform, node, taken }) => {
      const without = timings.find(
        (t) => t.variant === bare && t.platform === platform && t.node === node,
      );
      const added = taken.map((own, i) => own - (without?.taken[i] ?? NaN));
      return [
        `${platform}, Node ${node.major}`,
        ...added.map((one) => shown(one, 1)),
        isFlat(added) ? 'flat' : 'grows',
      ];
    });
  return markdownTable(['', ...inFlight.map((count) => count.toLocaleString('en')), ''], rows);
}
