import { shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import { forEachIn, type Run } from '../run.js';
import type { Memory } from '../server-host.js';
import { ServerProcess } from '../server-process.js';
import { bare, ours } from '../variant-list.js';
import type { BatchSizes } from './batches.js';
import { type Contender, contendersOf, titleOf } from './time-requests.js';

export interface LongRun extends Contender {
  early: Mark;
  late: Mark;
}

interface Mark extends Memory {
  /** µs of CPU for one request. */
  cpu: number;
}

const requests = 1_000_000;
const quickRequests = 3_000;
/** Of all requests, those whose CPU is taken for a mark. */
const taken = { batch: 0.005, batches: 4 };
/** Of all requests, those before the early mark. */
const beforeEarly = 0.03;
// A collected heap breathes by some hundred kilobytes; a leak of twenty bytes a request exceeds this.
const heapMayGrow = 1.1;
const cpuMayGrow = 1.25;

/** One server early in its life and late: neither memory nor CPU of a request may grow. */
export async function watchLongRuns(run: Run, failures: string[]): Promise<LongRun[]> {
  const runs: LongRun[] = [];
  await forEachIn(run, contendersOf(run, [bare, ours]), async (contender) => {
    run.announce(`long run: ${titleOf(contender)}`);
    try {
      runs.push(await watchLongRun(run, contender));
    } catch (error) {
      failures.push(`long run: ${titleOf(contender)}: ${String(error)}`);
    }
  });
  return runs;
}

export function isSteady({ early, late }: LongRun): boolean {
  return late.heapUsed <= early.heapUsed * heapMayGrow && late.cpu <= early.cpu * cpuMayGrow;
}

export function longRunTable(runs: readonly LongRun[]): string {
  const megabytes = (bytes: number) => shown(bytes / 2 ** 20, 1);
  return markdownTable(
    [...['', 'CPU µs, early', 'late', 'heap MB, early', 'late', 'RSS MB, early', 'late'], ''],
    runs.map((run) => [
      `${run.variant.name}, ${run.platform}, Node ${run.node.major}`,
      ...[run.early.cpu, run.late.cpu].map((cpu) => shown(cpu, 1)),
      ...[run.early.heapUsed, run.late.heapUsed].map(megabytes),
      ...[run.early.rss, run.late.rss].map(megabytes),
      isSteady(run) ? 'stays' : 'grows',
    ]),
  );
}

async function watchLongRun(
  { output, isQuick }: Run,
  { variant, platform, node }: Contender,
): Promise<LongRun> {
  const all = isQuick ? quickRequests : requests;
  const batch = all * taken.batch;
  const server = await ServerProcess.start(variant, platform, {
    ...{ output, node, pace: 'settled', isPinned: !isQuick },
  });
  const mark = async (sizes: BatchSizes): Promise<Mark> => {
    const cpu = await server.ask('batches', sizes);
    return { cpu, ...(await server.ask('memory')) };
  };
  try {
    const { batches } = taken;
    const early = await mark({ warmUp: all * beforeEarly, batch, batches });
    const sent = all * beforeEarly + batch * batches;
    const late = await mark({ warmUp: all - sent - batch * batches, batch, batches });
    return { variant, platform, node, early, late };
  } finally {
    await server.stop();
  }
}
