import type { Measured } from './rounds.js';
import type { Platform } from '../server-host.js';
import type { Measure } from './timing.js';
import {
  bare,
  everything,
  floor,
  nestjsCls,
  noInterceptor,
  onConsole,
  openTelemetry,
  ours,
  pino,
  type Variant,
} from '../variant-list.js';

/** What a variant may add to a bare application, as a share of what another adds to it. */
export interface Target {
  variant: Variant;
  yardstick: Variant;
  atMost: Record<Platform, number>;
}

export const targets: readonly Target[] = [
  { variant: ours, yardstick: pino, atMost: { express: 0.45, fastify: 0.55 } },
  { variant: noInterceptor, yardstick: pino, atMost: { express: 0.3, fastify: 0.4 } },
  { variant: ours, yardstick: nestjsCls, atMost: { express: 0.3, fastify: 0.3 } },
  { variant: ours, yardstick: openTelemetry, atMost: { express: 0.15, fastify: 0.3 } },
  { variant: noInterceptor, yardstick: floor, atMost: { express: 1.2, fastify: 1.2 } },
  { variant: onConsole, yardstick: floor, atMost: { express: 1.5, fastify: 1.5 } },
  { variant: everything, yardstick: pino, atMost: { express: 1, fastify: 1 } },
];

export function shareOf(
  { variant, yardstick }: Target,
  platform: Platform,
  measure: Measure,
  measured: readonly Measured[],
): number {
  const addedBy = (one: Variant) => added(one, platform, measure, measured);
  return addedBy(variant) / addedBy(yardstick);
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
