import type { BenchmarkedNode } from '../nodes.js';
import type { Platform } from '../server-host.js';
import {
  everything,
  floor,
  noInterceptor,
  ours,
  pino,
  type Variant,
  withViewer,
} from '../variant-list.js';
import { addedBy, type RequestTiming } from './time-requests.js';

/** What a variant adds to a bare application, as a share of what another adds to it. */
export interface Share {
  variant: Variant;
  yardstick: Variant;
}

export const shares = {
  ours: { variant: ours, yardstick: pino },
  floor: { variant: ours, yardstick: floor },
  noInterceptor: { variant: noInterceptor, yardstick: pino },
  withViewer: { variant: withViewer, yardstick: pino },
  everything: { variant: everything, yardstick: pino },
} as const satisfies Record<string, Share>;

export type ShareName = keyof typeof shares;
type Limits = Readonly<Record<Platform, Readonly<Partial<Record<ShareName, number>>>>>;

const targets: Limits = {
  express: { ours: 0.4, floor: 0.75, everything: 1 },
  fastify: { ours: 0.5, floor: 0.75, everything: 1 },
};

// On the older versions of Node nothing may become dearer. Recorded in November 2026: the µs that each
// added there, over those of nestjs-pino.
const room = 1.1;
const recorded: Readonly<Record<string, Limits>> = {
  20: {
    express: sharesOf(86, { ours: 62.1, noInterceptor: 57.2, withViewer: 57.6, everything: 96.2 }),
    fastify: sharesOf(27, { ours: 21.5, noInterceptor: 19.2, withViewer: 21.7, everything: 49.5 }),
  },
  22: {
    express: sharesOf(79.6, { ours: 62.2, noInterceptor: 62.9, withViewer: 65.6, everything: 100 }),
    fastify: sharesOf(28.6, {
      ...{ ours: 21.8, noInterceptor: 19.8, withViewer: 23.6, everything: 44.3 },
    }),
  },
};

/** What a share is to be at most, where there is a target for it. */
export function targetOf(
  name: ShareName,
  platform: Platform,
  { major }: BenchmarkedNode,
): number | undefined {
  return (recorded[major] ?? targets)[platform][name];
}

export function shareOf(
  { variant, yardstick }: Share,
  platform: Platform,
  node: BenchmarkedNode,
  timings: readonly RequestTiming[],
): number {
  const added = (one: Variant) => addedBy(one, platform, node, timings);
  return added(variant) / added(yardstick);
}

function sharesOf(
  yardstick: number,
  microseconds: Readonly<Partial<Record<ShareName, number>>>,
): Partial<Record<ShareName, number>> {
  return Object.fromEntries(
    Object.entries(microseconds).map(([name, own]) => [name, (own / yardstick) * room]),
  );
}
