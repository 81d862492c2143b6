import { Inject, Injectable, Optional } from '@nestjs/common';
import { requireTracing } from '../options/check-import.js';
import { APPLICATION, type Application } from '../records/application.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { MAX_WINDOW_MS, type LossHistory } from './loss-history.js';

/** Options of {@link OtlpHealthIndicator.isHealthy}. */
export interface OtlpHealthOptions {
  /** How far back losses count, in milliseconds, up to ten minutes. Default: 60000. */
  windowMs?: number | undefined;
  /** How many spans and log entries may be lost in that time. Default: 0. */
  maxLost?: number | undefined;
}

/** What {@link OtlpHealthIndicator} answers: counts of spans and log entries, and nothing else. */
export interface OtlpHealth {
  readonly status: 'up' | 'down';
  /** How many the collector did not take, within the window. */
  readonly failed: number;
  /** How many found the queue full, within the window. */
  readonly dropped: number;
  /** How many wait now. */
  readonly queued: number;
}

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
 * A health indicator for `@nestjs/terminus`: down while more spans and log entries than allowed were
 * lost on their way to the collector, within a window of time. `OtlpModule` provides it everywhere in
 * the application. Requests do not depend on the collector: use it for a page or an alert, not for a
 * readiness probe that takes the application out of service.
 *
 * @publicApi
 *
 * @example
 * \@Get('health')
 * \@HealthCheck()
 * check() {
 *   return this.health.check([() => this.otlp.isHealthy('otlp', { windowMs: 60_000 })]);
 * }
 */
@Injectable()
export class OtlpHealthIndicator {
  private readonly application: Application;

  /** @internal */
  constructor(@Optional() @Inject(APPLICATION) application: Application | undefined) {
    this.application = requireTracing(application, 'OtlpModule');
  }

  /**
   * @param key the name of the exporters in the answer.
   *
   * @throws {TracingConfigError} `INVALID_OTLP_OPTION` for a limit that is out of range.
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
