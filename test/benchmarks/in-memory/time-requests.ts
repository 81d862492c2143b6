import type { BenchmarkedNode } from '../nodes.js';
import { checkOutput } from '../check-output.js';
import type { Platform } from '../server-host.js';
import { ServerProcess } from '../server-process.js';
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

interface TimeOptions {
  sizes: RequestSizes;
  /** The null device. */
  output: number;
  announce: (progress: string) => void;
}

/** Each contender is checked first, and then timed in processes of its own, interleaved. */
export async function timeRequests(
  contenders: readonly Contender[],
  { sizes, output, announce }: TimeOptions,
): Promise<RequestTiming[]> {
  const timings = contenders.map((one): RequestTiming => ({ ...one, microseconds: NaN }));
  for (const timing of timings) {
    const failure = await checkOutput(timing.variant, timing.platform, timing.node);
    announce(`checked: ${titleOf(timing)}: ${failure ?? 'sound'}`);
    if (failure !== undefined) timing.failure = failure;
  }
  for (let round = 0; round < sizes.processes; round++) {
    for (const timing of timings) {
      if (timing.failure !== undefined) continue;
      const taken = await timeOne(timing, sizes, output).catch(String);
      announce(`round ${round + 1} of ${sizes.processes}: ${titleOf(timing)}: ${taken}`);
      if (typeof taken === 'string') timing.failure = `under load: ${taken}`;
      else timing.microseconds = Math.min(taken, timing.microseconds || taken);
    }
  }
  return timings;
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
  { variant, platform, node }: Contender,
  sizes: BatchSizes,
  output: number,
): Promise<number> {
  const server = await ServerProcess.start(variant, platform, {
    ...{ output, node, pace: 'settled', isPinned: true },
  });
  try {
    return await server.ask('batches', sizes);
  } finally {
    await server.stop();
  }
}

function titleOf({ variant, platform, node }: Contender): string {
  return `${variant.name}, ${platform}, Node ${node.major}`;
}
