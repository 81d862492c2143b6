import type { MemoryGrowth } from './memory.js';
import type { Measured } from './rounds.js';
import type { Platform } from './server-host.js';
import type { Measure } from './timing.js';
import { bare, floor, ours, pino, type Variant } from './variant-list.js';

/** What nestjs-tracing may add to a bare application, as a share of what another adds to it. */
export interface Target {
  platform: Platform;
  yardstick: Variant;
  atMost: number;
}

export const targets: readonly Target[] = [
  { platform: 'express', yardstick: pino, atMost: 0.5 },
  { platform: 'fastify', yardstick: pino, atMost: 0.65 },
  { platform: 'express', yardstick: floor, atMost: 1.6 },
  { platform: 'fastify', yardstick: floor, atMost: 1.6 },
];

// A collected heap breathes by some hundred kilobytes; a leak of twenty bytes a request exceeds this.
const heapMayGrow = 1.1;

export function shareOf(target: Target, measure: Measure, measured: readonly Measured[]): number {
  const addedBy = (variant: Variant) => added(variant, target.platform, measure, measured);
  return addedBy(ours) / addedBy(target.yardstick);
}

/** µs over the bare application; `NaN` where one of the two was not measured. */
export function added(
  variant: Variant,
  platform: Platform,
  measure: Measure,
  measured: readonly Measured[],
): number {
  const cpuOf = (wanted: Variant) =>
    measured.find((m) => m.variant === wanted && m.platform === platform)?.timing[measure] ?? NaN;
  return cpuOf(variant) - cpuOf(bare);
}

export function memoryStays({ early, late }: MemoryGrowth): boolean {
  return late.heapUsed <= early.heapUsed * heapMayGrow;
}
