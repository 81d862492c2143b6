import type { BenchmarkedNode } from '../nodes.js';
import { saturate, sendAtRate } from './load.js';
import type { Platform } from '../server-host.js';
import { ServerProcess } from '../server-process.js';
import type { Variant } from '../variant-list.js';

export interface TimingSizes {
  rounds: number;
  /** Requests before the first that counts: compilation is over when a server has seen these. */
  warmUp: number;
  saturated: number;
  steady: number;
  /** Requests in a second at the steady rate: below what the slowest variant can serve. */
  rate: number;
}

export const measures = ['saturated', 'steady'] as const;
export type Measure = (typeof measures)[number];

/** µs of the server's CPU for one request. */
export type Timing = Record<Measure, number>;

/** One server from start to stop. */
export async function timeServer(
  variant: Variant,
  platform: Platform,
  node: BenchmarkedNode,
  sizes: TimingSizes,
  output: number,
): Promise<Timing> {
  const server = await ServerProcess.start(variant, platform, { output, node, pace: 'settled' });
  try {
    await saturate(server.port, sizes.warmUp);
    return {
      saturated: await cpuOf(server, sizes.saturated, (count) => saturate(server.port, count)),
      steady: await cpuOf(server, sizes.steady, (count) =>
        sendAtRate(server.port, count, sizes.rate),
      ),
    };
  } finally {
    await server.stop();
  }
}

/** No collection is forced before it: that would throw away compiled code with the garbage. */
async function cpuOf(
  server: ServerProcess,
  count: number,
  send: (count: number) => Promise<void>,
): Promise<number> {
  const before = await server.ask('cpu');
  await send(count);
  return ((await server.ask('cpu')) - before) / count;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
