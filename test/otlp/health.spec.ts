import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { OtlpHealthIndicator, OtlpModule, type OtlpHealthOptions } from '../../src/otlp/index.js';
import { LossHistory, MAX_WINDOW_MS } from '../../src/otlp/loss-history.js';
import { freePort } from '../support/free-port.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

spyOnWarnings();

let limits: OtlpHealthOptions;

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly otlp: OtlpHealthIndicator,
  ) {}

  @Get('work')
  work(): string {
    return 'done';
  }

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([() => this.otlp.isHealthy('otlp', limits)]);
  }
}

/** It does not import `OtlpModule`, as a module for health checks would not. */
@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

const VARIABLES = {
  OTEL_BSP_SCHEDULE_DELAY: '10',
  OTEL_BLRP_SCHEDULE_DELAY: '10',
  OTEL_EXPORTER_OTLP_TIMEOUT: '300',
};

beforeEach(() => {
  limits = { windowMs: 1500 };
  Object.assign(process.env, VARIABLES);
});
afterEach(() => {
  for (const name of Object.keys(VARIABLES)) delete process.env[name];
});

describe.each(PLATFORMS)('the health of the exporters on %s', (platform) => {
  it('is down while the collector is, and up again when it is back', async () => {
    const port = await freePort();
    const { send } = await tracedApp(platform)
      .of({
        imports: [
          OtlpModule.forRoot({ url: `http://127.0.0.1:${port}`, logs: false }),
          HealthModule,
        ],
      })
      .start();
    const health = async () => {
      const response = await send('/health');
      const { error, info } = (await response.json()) as Record<string, any>;
      return { status: response.status, otlp: error.otlp ?? info.otlp };
    };
    const until = async (status: number) => {
      const deadline = Date.now() + 20_000;
      while ((await health()).status !== status) {
        if (Date.now() > deadline) throw new Error(`waited for ${status}`);
        // Each question is a request that is exported too.
        await sleep(100);
      }
    };
    expect(await health()).toEqual({
      status: 200,
      otlp: { status: 'up', failed: 0, dropped: 0, queued: expect.any(Number) },
    });

    await send('/work');
    await until(503);
    const { otlp } = await health();
    expect(otlp).toEqual({
      status: 'down',
      failed: expect.any(Number),
      dropped: 0,
      queued: expect.any(Number),
    });
    expect(otlp.failed).toBeGreaterThan(0);
    limits = { ...limits, maxLost: 1000 };
    expect((await health()).status).toBe(200);
    limits = { ...limits, maxLost: 0 };

    const collector = await OtlpReceiver.start(port);
    try {
      await until(200);
      await send('/work');
      await eventually(() => collector.spans.some(({ name }) => name === 'GET /work'), 'a span');
      expect((await health()).status).toBe(200);
    } finally {
      await collector.stop();
    }
  });

  it('is down where the queue is full', async () => {
    process.env['OTEL_BSP_MAX_QUEUE_SIZE'] = '1';
    process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '10000';
    const collector = await OtlpReceiver.start();
    collector.answer = () => false;
    try {
      const { send, app } = await tracedApp(platform)
        .of({
          imports: [
            OtlpModule.forRoot({ url: collector.url, logs: false, shutdownTimeout: 0 }),
            HealthModule,
          ],
        })
        .start();
      for (let i = 0; i < 5; i++) await send('/work');
      const response = await send('/health');
      expect(response.status).toBe(503);
      const { error } = (await response.json()) as Record<string, any>;
      expect(error.otlp).toMatchObject({ status: 'down', failed: 0, queued: 1 });
      expect(error.otlp.dropped).toBeGreaterThan(0);
      await app.close();
    } finally {
      delete process.env['OTEL_BSP_MAX_QUEUE_SIZE'];
      await collector.stop();
    }
  });

  it('is up where nothing is exported', async () => {
    const { app } = await tracedApp(platform)
      .of({ imports: [OtlpModule.forRoot({ traces: false, logs: false })] })
      .start();
    const indicator = app.get(OtlpHealthIndicator);
    expect(indicator.isHealthy('collector')).toEqual({
      collector: { status: 'up', failed: 0, dropped: 0, queued: 0 },
    });
    for (const wrong of [
      { windowMs: 0 },
      { windowMs: 600_001 },
      { maxLost: -1 },
      { maxLost: NaN },
    ]) {
      expect(() => indicator.isHealthy('otlp', wrong)).toThrow(/INVALID_OTLP_OPTION/);
    }
  });
});

describe('the history of losses', () => {
  it('forgets what is older than the window', () => {
    const history = new LossHistory();
    history.add(1, 0, 1000);
    history.add(0, 2, 1100);
    expect(history.within(1000, 1900)).toEqual({ failed: 1, dropped: 2 });
    history.add(4, 0, 5000);
    expect(history.within(1000, 5200)).toEqual({ failed: 4, dropped: 0 });
    expect(history.within(1000, 6250)).toEqual({ failed: 0, dropped: 0 });
    expect(history.within(MAX_WINDOW_MS, 6250)).toEqual({ failed: 5, dropped: 2 });
  });

  it('holds at most ten minutes', () => {
    const history = new LossHistory();
    for (let now = 0; now < 3 * MAX_WINDOW_MS; now += 100) history.add(1, 0, now);
    const { failed } = history.within(Infinity, 3 * MAX_WINDOW_MS);
    expect(failed).toBeLessThanOrEqual(MAX_WINDOW_MS / 100 + 10);
    expect(failed).toBeGreaterThan(MAX_WINDOW_MS / 100 - 10);
  });
});
