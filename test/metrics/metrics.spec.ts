import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  HttpException,
  Module,
  Param,
  type INestApplication,
  type OnModuleInit,
} from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import {
  RUN_UNIT_OF_WORK,
  type RunUnitOfWork,
  type UnitOfWork,
} from '../../src/context/unit-of-work.js';
import { TraceContext } from '../../src/index.js';
import { exportQueues } from '../../src/records/export-counts.js';
import { TracingMetricsModule, type TracingMetricsOptions } from '../../src/metrics/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

@Controller('users')
class UsersController {
  @Get(':id')
  find(@Param('id') id: string): string {
    if (id === 'broken') throw new Error('failure');
    if (id === 'missing') throw new HttpException('missing', 404);
    return id;
  }

  @Get(':id/slow')
  async slow(): Promise<string> {
    await sleep(60);
    return 'slow';
  }

  @Get(':id/held')
  async held(): Promise<string> {
    door.emit('reached');
    await once(door, 'open');
    return 'held';
  }
}

/** Holds the requests that reach it until it opens. */
const door = new EventEmitter();

/** Resolves when that many more requests are held. */
async function untilHeld(count: number): Promise<void> {
  let held = 0;
  const reach = (): void => void held++;
  door.on('reached', reach);
  await eventually(() => held >= count, `${count} requests`);
  door.off('reached', reach);
}

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
  readonly exemplar: string | undefined;
}

const SAMPLE = /^(\w+)(?:\{(.*?)\})? (\S+)(?: # \{(.*?)\} .*)?$/;

function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = '', exemplar] = SAMPLE.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
        value: Number(value),
        exemplar,
      };
    });
}

interface MeasuredApp extends TracedApp {
  readonly scrape: (accept?: string) => Promise<{ type: string; text: string; samples: Sample[] }>;
}

async function measuredApp(
  platform: Platform,
  options: TracingMetricsOptions = {},
  prepared?: (app: INestApplication) => void,
): Promise<MeasuredApp> {
  const traced = await tracedApp(platform)
    .of({
      imports: [TracingMetricsModule.forRoot({ registry: new Registry(), ...options })],
      controllers: [UsersController],
    })
    .prepared((app) => prepared?.(app))
    .start();
  const scrape = async (accept = 'text/plain') => {
    const response = await traced.send(options.path || '/metrics', { headers: { accept } });
    const text = await response.text();
    expect(response.status).toBe(200);
    return { type: response.headers.get('content-type')!, text, samples: samplesOf(text) };
  };
  return { ...traced, scrape };
}

/** How many there were of each kind, by the labels that differ. */
const counts = (samples: Sample[], metric: string) =>
  samples
    .filter(({ name }) => name === `${metric}_count`)
    .filter(({ labels }) => labels['http_route'] !== '/metrics')
    .map(({ labels, value }) => ({ ...labels, value }));

const DURATION = 'http_server_request_duration_seconds';

describe.each(PLATFORMS)('metrics on %s', (platform) => {
  it('count requests by method, template of the route, status and kind of error', async () => {
    const { send, sink, scrape } = await measuredApp(platform);
    for (const path of [
      '/users/1',
      '/users/2',
      '/users/missing',
      '/users/broken',
      '/nowhere?a=1',
    ]) {
      await send(path);
    }
    await sink.finishes(5);
    const { samples } = await scrape();
    const of = (status: number, error = '', route = '/users/:id') => ({
      http_request_method: 'GET',
      http_route: route,
      http_response_status_code: `${status}`,
      error_type: error,
    });
    expect(counts(samples, DURATION)).toEqual([
      { ...of(200), value: 2 },
      { ...of(404), value: 1 },
      { ...of(500, '500'), value: 1 },
      { ...of(404, '', '_unmatched'), value: 1 },
    ]);
    const bounds = samples
      .filter(({ name, labels }) => name === `${DURATION}_bucket` && labels['error_type'] === '500')
      .map(({ labels }) => labels['le']);
    expect(bounds).toEqual(
      '0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf'.split(' '),
    );
  });

  it('measure in seconds', async () => {
    const { send, sink, scrape } = await measuredApp(platform);
    await send('/users/1/slow');
    await sink.finishes(1);
    const sum = (await scrape()).samples.find(({ name }) => name === `${DURATION}_sum`)!;
    expect(sum.value).toBeGreaterThanOrEqual(0.055);
    expect(sum.value).toBeLessThan(1);
  });

  it('count what is in flight, and return to zero', async () => {
    const { send, sink, scrape } = await measuredApp(platform);
    const active = async () =>
      (await scrape()).samples.find(({ name }) => name === 'http_server_active_requests')!;
    const areHeld = untilHeld(2);
    const slow = [send('/users/1/held'), send('/users/2/held')];
    await areHeld;
    // The scrape itself is one.
    expect(await active()).toMatchObject({ labels: { http_request_method: 'GET' }, value: 3 });
    door.emit('open');
    await Promise.all(slow);
    await sink.finishes(3);
    expect((await active()).value).toBe(1);
  });

  it('count a client that disconnected', async () => {
    const { url, sink, scrape } = await measuredApp(platform);
    const isHeld = untilHeld(1);
    const leaving = request(`${url}/users/1/held`).on('error', () => {});
    leaving.end();
    await isHeld;
    leaving.destroy();
    await sink.finishes(1);
    door.emit('open');
    expect(counts((await scrape()).samples, DURATION)).toEqual([
      expect.objectContaining({ error_type: 'aborted', http_response_status_code: '', value: 1 }),
    ]);
  });

  it('name the trace of an example in OpenMetrics, and not in plain text', async () => {
    const { send, sink, scrape } = await measuredApp(platform);
    const traceId = (await send('/users/1')).headers.get('x-trace-id')!;
    await sink.finishes(1);
    const openMetrics = await scrape(
      'application/openmetrics-text; version=1.0.0,text/plain;q=0.5',
    );
    expect(openMetrics.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(openMetrics.text).toMatch(/# EOF\n$/);
    expect(openMetrics.samples.map(({ exemplar }) => exemplar)).toContain(`trace_id="${traceId}"`);
    const plain = await scrape('text/plain');
    expect(plain.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(plain.text).not.toContain(traceId);
  });

  it('count once when the module is imported twice', async () => {
    const registry = new Registry();
    const twice = () => TracingMetricsModule.forRoot({ registry });
    @Module({ imports: [twice()] })
    class Library {}
    const { send, sink } = await tracedApp(platform)
      .of({ imports: [twice(), Library], controllers: [UsersController] })
      .start();
    await send('/users/1');
    await sink.finishes(1);
    const text = await (await send('/metrics')).text();
    const samples = samplesOf(text);
    expect(counts(samples, DURATION)).toEqual([expect.objectContaining({ value: 1 })]);
    const active = samples.find(({ name }) => name === 'http_server_active_requests')!;
    expect(active.value).toBe(1);
  });

  it('that cannot be read answer 500, without details', async () => {
    const registry = new Registry();
    const collect = () => Promise.reject(new Error('secret'));
    registry.registerMetric(new Gauge({ name: 'broken', help: '-', registers: [], collect }));
    const { send } = await measuredApp(platform, { registry });
    const response = await send('/metrics');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('are served outside a global prefix, at another path, or not at all', async () => {
    const prefixed = await measuredApp(platform, {}, (app) => app.setGlobalPrefix('api'));
    expect((await prefixed.scrape()).text).toContain(DURATION);
    const elsewhere = await measuredApp(platform, { path: '/internal/metrics' });
    expect((await elsewhere.scrape()).text).toContain(DURATION);
    const silent = await measuredApp(platform, { path: false });
    expect((await silent.send('/metrics')).status).toBe(404);
  });
});

describe('metrics', () => {
  const runIn = ({ app }: TracedApp) => app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
  const work = (more: Partial<UnitOfWork>): UnitOfWork => ({
    kind: 'message',
    transport: 'tcp',
    ...more,
  });

  it('measure messages, jobs and runs by what their author named', async () => {
    const app = await measuredApp('express');
    const run = runIn(app);
    run(work({ fields: { pattern: 'payment.charge' } }), () => {});
    const job = work({ kind: 'job', transport: 'bullmq', fields: { queue: 'mail', job: 'x' } });
    await run(job, () => Promise.reject(new Error('failure'))).catch(() => {});
    run(work({ kind: 'run', transport: 'cron', fields: { job: 'nightly' } }), () => {});
    const { samples } = await app.scrape();
    expect(counts(samples, 'messaging_process_duration_seconds')).toEqual([
      {
        messaging_system: 'tcp',
        messaging_destination_name: 'payment.charge',
        error_type: '',
        value: 1,
      },
      {
        messaging_system: 'bullmq',
        messaging_destination_name: 'mail',
        error_type: 'errored',
        value: 1,
      },
    ]);
    expect(counts(samples, 'scheduled_run_duration_seconds')).toEqual([
      { trigger: 'cron', job: 'nightly', error_type: '', value: 1 },
    ]);
    const active = samples.filter(({ name }) => /_active_(messages|runs)$/.test(name));
    expect(active.map(({ value }) => value)).toEqual([0, 0, 0]);
  });

  it('do not end what began before they did', async () => {
    const registry = new Registry();
    let end: () => void = () => {};
    @Module({})
    class EarlyModule implements OnModuleInit {
      constructor(private readonly trace: TraceContext) {}

      // Modules further from the root come first.
      onModuleInit(): void {
        void this.trace.run({ name: 'early' }, () => new Promise<void>((done) => (end = done)));
      }
    }
    @Module({ imports: [EarlyModule] })
    class LibraryModule {}
    const { sink } = await tracedApp('express')
      .of({ imports: [LibraryModule, TracingMetricsModule.forRoot({ registry })] })
      .start();
    end();
    await eventually(() => sink.lines.some(({ message }) => message === 'Run finished'), 'its end');
    const samples = samplesOf(await registry.metrics());
    const active = samples.filter(({ name }) => name === 'scheduled_active_runs');
    expect(active.every(({ value }) => value === 0)).toBe(true);
  });

  it('limit the number of names that a client can make up', async () => {
    const app = await measuredApp('express');
    const run = runIn(app);
    for (let i = 0; i < 2000; i++) run(work({ fields: { pattern: `p${i}` } }), () => {});
    const all = counts((await app.scrape()).samples, 'messaging_process_duration_seconds');
    expect(all).toHaveLength(501);
    expect(all.at(-1)).toMatchObject({ messaging_destination_name: '_OTHER', value: 1500 });
  });

  it('have as many series after 10,000 random paths, methods and hosts as after a few', async () => {
    const { port, sink, scrape } = await measuredApp('fastify');
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const random = (): string => Math.random().toString(36).slice(2);
    const methods = ['GET', 'PURGE', 'PROPFIND', 'REPORT', 'MKCOL', 'LOCK', 'UNLINK'];
    const send = (i: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const method = methods[i % methods.length]!;
        const path = i % 2 === 0 ? `/${random()}/${random()}?${random()}` : `/users/${random()}`;
        request({ port, agent, method, path, headers: { host: `${random()}.example` } })
          .on('response', (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end();
      });
    const sendMany = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, j) => send(i + j)));
        sink.clear();
      }
      return (await scrape()).samples.length;
    };
    await scrape();
    const few = await sendMany(200);
    expect(await sendMany(10_000)).toBe(few);
    agent.destroy();
  }, 60_000);

  it('appear beside those of the application, in either form and order of reading', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ app: 'shop' });
    new Counter({ name: 'orders_total', help: 'Orders.', registers: [registry] }).inc(3);
    const { scrape } = await measuredApp('express', { registry });
    const [open, plain] = await Promise.all([scrape('application/openmetrics-text'), scrape()]);
    expect(open.text).toContain('orders_total{app="shop"} 3');
    expect(open.text).toContain('# TYPE orders counter');
    expect(plain.text).toContain('# TYPE orders_total counter');
    expect((await scrape()).text).toContain('orders_total{app="shop"} 3');
  });

  it.each([
    [undefined, 'text/plain'],
    ['*/*', 'text/plain'],
    ['application/openmetrics-text;q=0.4,text/plain;q=0.5', 'text/plain'],
    ['application/openmetrics-text;q=0', 'text/plain'],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3', 'open'],
    ['nonsense;;q=,', 'text/plain'],
  ])('come for "Accept: %s" as %s', async (accept, form) => {
    const { scrape } = await measuredApp('express');
    expect((await scrape(accept)).type).toContain(form);
  });

  it('measure the process if configured', async () => {
    const { scrape } = await measuredApp('express', { defaultMetrics: true });
    expect((await scrape()).text).toContain('process_cpu_seconds_total');
    const without = await measuredApp('express');
    expect((await without.scrape()).text).not.toContain('process_cpu_seconds_total');
  });

  it('of one application do not count the requests of another', async () => {
    const [a, b] = [await measuredApp('express'), await measuredApp('fastify')];
    await a.send('/users/1');
    await a.sink.finishes(1);
    expect(counts((await b.scrape()).samples, DURATION)).toEqual([]);
  });

  it('count two applications into one registry that they share', async () => {
    const registry = new Registry();
    const options = { registry, defaultMetrics: true };
    const apps = [await measuredApp('express', options), await measuredApp('fastify', options)];
    for (const { send, sink } of apps) {
      await send('/users/1');
      await sink.finishes(1);
    }
    const [series] = counts((await apps[0]!.scrape()).samples, DURATION);
    expect(series).toMatchObject({ http_route: '/users/:id', value: 2 });
  });

  it('include the state of the exporters', async () => {
    const { scrape } = await measuredApp('express');
    const counts = {
      signal: 'traces',
      queued: 3,
      exported: 40,
      failed: 5,
      dropped: 6,
      leftOut: 7,
    } as const;
    exportQueues.add(counts);
    const samplesOfExport = async (accept?: string) =>
      (await scrape(accept)).samples
        .filter(({ name }) => name.startsWith('otlp_'))
        .map(({ name, labels, value }) => [name, labels['signal'], value]);
    const expected = [
      ['otlp_exporter_queue_size', 'traces', 3],
      ['otlp_exporter_exported_total', 'traces', 40],
      ['otlp_exporter_failed_total', 'traces', 5],
      ['otlp_exporter_dropped_total', 'traces', 6],
      ['otlp_exporter_left_out_total', 'traces', 7],
    ];
    expect(await samplesOfExport()).toEqual(expected);
    expect(await samplesOfExport('application/openmetrics-text')).toEqual(expected);
    exportQueues.delete(counts);
  });

  it('add up the exporters of two applications, and drop those that have closed', async () => {
    const { scrape } = await measuredApp('express');
    const queues = [3, 4].map(
      (queued) =>
        ({ signal: 'logs', queued, exported: 1, failed: 0, dropped: 0, leftOut: 7 }) as const,
    );
    const waiting = async () =>
      (await scrape()).samples.filter(({ name }) => name === 'otlp_exporter_queue_size');
    for (const queue of queues) exportQueues.add(queue);
    expect((await waiting()).map(({ value }) => value)).toEqual([7]);
    for (const queue of queues) exportQueues.delete(queue);
    expect(await waiting()).toEqual([]);
  });

  it('end with the application', async () => {
    const registry = new Registry();
    const { app, send, sink } = await measuredApp('express', { registry });
    await send('/users/1');
    await sink.finishes(1);
    const run = app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
    await app.close();
    run(work({}), () => {});
    expect(await registry.metrics()).not.toContain('messaging_system="tcp"');
  });

  it.each([['metrics'], [7], [''], [null]])('have no path %j', (path) => {
    expect(() => TracingMetricsModule.forRoot({ path: path as string })).toThrow(
      expect.objectContaining({ name: 'TracingConfigError', code: 'INVALID_METRICS_PATH' }),
    );
  });
});
