import { saturate } from './load.js';
import { type Platform, platforms } from './server-host.js';
import { ServerProcess } from './server-process.js';
import { cpuOf, median } from './timing.js';
import { bare, ours } from './variant-list.js';

/** Requests that a server has to work on at the same time. */
export const inFlight = [1, 100, 1_000] as const;

export interface InFlightTiming {
  platform: Platform;
  /** µs of CPU for one request over a bare application, for each of {@link inFlight}. */
  added: readonly number[];
}

const WARM_UP = 6_000;
const REQUESTS = 6_000;

/** What a request costs while few and while many are under way. */
export async function timeInFlight(
  rounds: number,
  output: number,
  announce: (progress: string) => void,
): Promise<InFlightTiming[]> {
  const timings: InFlightTiming[] = [];
  for (const platform of platforms) {
    const servers = await Promise.all(
      [bare, ours].map((variant) =>
        ServerProcess.start(variant, platform, { output, pace: 'settled' }),
      ),
    );
    try {
      for (const { port } of servers) await saturate(port, WARM_UP);
      const added: number[] = [];
      for (const count of inFlight) {
        announce(`in flight: ${count}, ${platform}`);
        added.push(await differenceOf(servers, rounds, count));
      }
      timings.push({ platform, added });
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  return timings;
}

async function differenceOf(
  servers: readonly ServerProcess[],
  rounds: number,
  connections: number,
): Promise<number> {
  const taken: number[][] = servers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, server] of servers.entries()) {
      const send = (count: number) => saturate(server.port, count, connections);
      taken[index]?.push(await cpuOf(server, REQUESTS, send));
    }
  }
  const [without = NaN, traced = NaN] = taken.map(median);
  return traced - without;
}
