import { saturate } from './load.js';
import type { Memory, Platform } from './server-host.js';
import { ServerProcess } from './server-process.js';
import { cpuOf } from './timing.js';
import type { Variant } from './variant-list.js';

export interface LongRun {
  variant: Variant;
  platform: Platform;
  requests: number;
  early: Mark;
  late: Mark;
}

interface Mark extends Memory {
  /** µs of CPU for one request. */
  cpu: number;
}

/** Requests before the early mark. */
const WARM_UP = 20_000;
/** Requests over which the CPU of a mark is taken. */
const TAKEN = 20_000;

/** One server early in its life and late: neither memory nor CPU of a request may grow. */
export async function watchLongRun(
  variant: Variant,
  platform: Platform,
  requests: number,
  output: number,
): Promise<LongRun> {
  const server = await ServerProcess.start(variant, platform, { output, pace: 'settled' });
  const mark = async (): Promise<Mark> => {
    const cpu = await cpuOf(server, TAKEN, (count) => saturate(server.port, count));
    // After a forced collection: what remains is still referenced.
    return { cpu, ...(await server.ask('memory')) };
  };
  try {
    await saturate(server.port, WARM_UP);
    const early = await mark();
    await saturate(server.port, requests - WARM_UP - 2 * TAKEN);
    return { variant, platform, requests, early, late: await mark() };
  } finally {
    await server.stop();
  }
}
