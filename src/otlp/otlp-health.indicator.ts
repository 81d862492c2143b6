import { Inject, Injectable, Optional } from '@nestjs/common';
import { requireTracing } from '../options/check-import.js';
import { APPLICATION, type Application } from '../records/application.js';
import type { OtlpHealth, OtlpHealthOptions } from '../records/export-health.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { MAX_WINDOW_MS, type LossHistory } from './loss-history.js';

/** The part of an export queue that tells of its health. */
interface WatchedQueue {
  readonly queued: number;
  readonly losses: LossHistory;
}

const queuesOf = new WeakMap<Application, WatchedQueue[]>();

/** Makes a queue a part of the health of its application. */
export function watchQueue(application: Application, queue: WatchedQueue | undefined): void {
  if (queue === undefined) return;
  queuesOf.set(application, [...(queuesOf.get(application) ?? []), queue]);
}

/**
 * A health indicator for `@nestjs/terminus`, which `OtlpModule` provides in all modules. Not for a
 * readiness probe: requests do not depend on the collector.
 *
 * @publicApi
 *
 * @example
 * this.health.check([() => this.otlp.isHealthy('otlp')]);
 */
@Injectable()
export class OtlpHealthIndicator {
  private readonly application: Application;

  /** @internal */
  constructor(@Optional() @Inject(APPLICATION) application: Application | undefined) {
    this.application = requireTracing(application, 'OtlpModule');
  }

  /**
   * Down where more than `maxLost` spans and log entries were lost.
   *
   * @throws {TracingConfigError} `INVALID_OTLP_OPTION`
   */
  isHealthy<Key extends string>(
    key: Key,
    { windowMs = 60_000, maxLost = 0 }: OtlpHealthOptions = {},
  ): Record<Key, OtlpHealth> {
    check('windowMs', windowMs, 1, MAX_WINDOW_MS);
    check('maxLost', maxLost, 0, Number.MAX_SAFE_INTEGER);
    const counts = { failed: 0, dropped: 0, queued: 0 };
    for (const { queued, losses } of queuesOf.get(this.application) ?? []) {
      const { failed, dropped } = losses.within(windowMs);
      counts.failed += failed;
      counts.dropped += dropped;
      counts.queued += queued;
    }
    const isUp = counts.failed + counts.dropped <= maxLost;
    const health: OtlpHealth = { status: isUp ? 'up' : 'down', ...counts };
    return { [key]: health } as Record<Key, OtlpHealth>;
  }
}

function check(name: string, value: number, min: number, max: number): void {
  if (Number.isFinite(value) && value >= min && value <= max) return;
  throw new TracingConfigError(
    'INVALID_OTLP_OPTION',
    `\`${name}\` of \`isHealthy\` is not a number from ${min} to ${max}.`,
    `leave it out, or use one of them.`,
  );
}
