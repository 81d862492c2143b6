import type { BenchmarkedNode } from '../nodes.js';
import type { Platform } from '../server-host.js';
import { everything, floor, ours, pino, type Variant } from '../variant-list.js';
import { addedBy, type RequestTiming } from './time-requests.js';

/** What a variant may add to a bare application, as a share of what another adds to it. */
export interface RequestTarget {
  variant: Variant;
  yardstick: Variant;
  atMost: Record<Platform, number>;
}

export const requestTargets: readonly RequestTarget[] = [
  { variant: ours, yardstick: pino, atMost: { express: 0.4, fastify: 0.5 } },
  { variant: ours, yardstick: floor, atMost: { express: 0.75, fastify: 0.75 } },
  { variant: everything, yardstick: pino, atMost: { express: 1, fastify: 1 } },
];

export function shareOf(
  { variant, yardstick }: RequestTarget,
  platform: Platform,
  node: BenchmarkedNode,
  timings: readonly RequestTiming[],
): number {
  const added = (one: Variant) => addedBy(one, platform, node, timings);
  return added(variant) / added(yardstick);
}
