import type { BenchmarkedNode } from '../nodes.js';
import { checkOutput } from '../check-output.js';
import { forEachIn, type Run } from '../run.js';
import { type Platform, platforms } from '../server-host.js';
import { ServerProcess } from '../server-process.js';
import { openPage } from '../sockets/open-page.js';
import { baselineOf, type Variant } from '../variant-list.js';
import type { BatchSizes } from './batches.js';

/** A variant on a platform and a Node: one server to start. */
export interface Contender {
  variant: Variant;
  platform: Platform;
  node: BenchmarkedNode;
}

export interface RequestTiming extends Contender {
  /** µs of CPU for one request: the least of its processes. `NaN` for a variant that fails. */
  microseconds: number;
  /** Why it is not timed. */
  failure?: string;
}

export interface RequestSizes extends BatchSizes {
  /** How many processes each contender has. */
  processes: number;
}

/** What the check of a contender has found. */
type Checked = Pick<RequestTiming, 'microseconds' | 'failure'>;

const quickSizes: BatchSizes = { warmUp: 32, batch: 32, batches: 1 };
/** Several sections time the same contenders: each is checked once in a run. */
const checks = new Map<string, Promise<Checked>>();

/**
 * Each contender is checked first, and then timed in processes of its own, interleaved. A quick run
 * takes its figures from the processes that are checked.
 */
export async function timeRequests(
  run: Run,
  contenders: readonly Contender[],
  sizes: RequestSizes,
): Promise<RequestTiming[]> {
  const timings = contenders.map((one): RequestTiming => ({ ...one, microseconds: NaN }));
  await forEachIn(run, timings, async (timing) => {
    const title = titleOf(timing);
    if (!checks.has(title)) checks.set(title, check(run, timing));
    Object.assign(timing, await checks.get(title));
  });
  for (let round = 1; round <= sizes.processes && !run.isQuick; round++) {
    const sound = timings.filter(({ failure }) => failure === undefined);
    for (const timing of sound) {
      const taken = await timeOne(run, timing, sizes).catch(String);
      run.announce(`round ${round} of ${sizes.processes}: ${titleOf(timing)}: ${taken}`);
      if (typeof taken === 'string') timing.failure = `under load: ${taken}`;
      else timing.microseconds = Math.min(taken, timing.microseconds || taken);
    }
  }
  return timings;
}

async function check(run: Run, contender: Contender): Promise<Checked> {
  const { variant, platform, node } = contender;
  let microseconds = NaN;
  const failure = await checkOutput(variant, platform, node, async (server) => {
    if (run.isQuick) microseconds = await askForBatches(server, variant, quickSizes);
  });
  run.announce(`checked: ${titleOf(contender)}: ${failure ?? 'sound'}`);
  return { microseconds, ...(failure !== undefined && { failure }) };
}

/** Every variant on each platform and each version of Node. */
export function contendersOf({ nodes }: Run, variants: readonly Variant[]): Contender[] {
  return nodes.flatMap((node) =>
    platforms.flatMap((platform) => variants.map((variant) => ({ variant, platform, node }))),
  );
}

export function failuresOf(timings: readonly RequestTiming[]): string[] {
  return timings
    .filter(({ failure }) => failure !== undefined)
    .map((timing) => `${titleOf(timing)}: ${timing.failure}`);
}

/** µs that a variant adds to the same work without tracing; `NaN` where one of the two is not timed. */
export function addedBy(
  variant: Variant,
  platform: Platform,
  node: BenchmarkedNode,
  timings: readonly RequestTiming[],
): number {
  const takenBy = (wanted: Variant) =>
    timings.find((t) => t.variant === wanted && t.platform === platform && t.node === node)
      ?.microseconds ?? NaN;
  return takenBy(variant) - takenBy(baselineOf(variant));
}

async function timeOne(
  { output }: Run,
  { variant, platform, node }: Contender,
  sizes: BatchSizes,
): Promise<number> {
  const server = await ServerProcess.start(variant, platform, {
    ...{ output, node, pace: 'settled', isPinned: true },
  });
  try {
    return await askForBatches(server, variant, sizes);
  } finally {
    await server.stop();
  }
}

async function askForBatches(
  server: ServerProcess,
  { page }: Variant,
  sizes: BatchSizes,
): Promise<number> {
  const closePage = page && (await openPage(server.port, page));
  const taken = await server.ask('batches', sizes);
  if (closePage) closePage();
  return taken;
}

export function titleOf({ variant, platform, node }: Contender): string {
  return `${variant.name}, ${platform}, Node ${node.major}`;
}
