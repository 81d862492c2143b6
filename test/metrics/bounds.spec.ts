import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { Agent, get, type ServerResponse } from 'node:http';
import { Registry, type Histogram } from 'prom-client';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from '../../src/context/unit-of-work.js';
import { BoundedLabel, statusLabel } from '../../src/metrics/bounded-labels.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';

interface Sample {
  readonly metricName?: string;
  readonly labels: Partial<Record<string, string | number>>;
  readonly value: number;
}

async function samplesOf(registry: Registry, metric: string, suffix = ''): Promise<Sample[]> {
  const { values } = await registry.getSingleMetric(metric)!.get();
  const all: Sample[] = values;
  return suffix === '' ? all : all.filter(({ metricName }) => metricName === metric + suffix);
}

const sumOf = (samples: Sample[]): number => samples.reduce((sum, { value }) => sum + value, 0);

const MESSAGES = 'messaging_process_duration_seconds';
const REQUESTS = 'http_server_request_duration_seconds';
const ACTIVE = 'http_server_active_requests';

function sendMessages({ app }: TracedApp): (pattern: string) => void {
  const run = app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
  return (pattern) => run({ kind: 'message', transport: 'tcp', fields: { pattern } }, () => {});
}

describe('names that a caller makes up', () => {
  const start = async (registry: Registry): Promise<(pattern: string) => void> =>
    sendMessages(
      await tracedApp('express')
        .of({ imports: [TracingMetricsModule.forRoot({ registry })] })
        .start(),
    );
  const countsOf = async (registry: Registry): Promise<Map<unknown, number>> =>
    new Map(
      (await samplesOf(registry, MESSAGES, '_count')).map(({ labels, value }) => [
        labels['messaging_destination_name'],
        value,
      ]),
    );

  it.each([undefined, { app: 'shop' }])(
    'replace nothing that is in use, and take their place in the order of their use: %j',
    async (defaultLabels) => {
      const registry = new Registry();
      if (defaultLabels !== undefined) registry.setDefaultLabels(defaultLabels);
      const send = await start(registry);
      for (let i = 0; i < 5; i++) send('orders.created');
      for (let i = 0; i < 3_000; i++) {
        send(`made-up-${i}`);
        if (i % 500 === 0) send('orders.created');
        // A scrape writes default labels into what prom-client keeps.
        if (i === 1_500) await registry.metrics();
      }
      for (let i = 0; i < 4; i++) send('orders.paid');
      const counts = await countsOf(registry);
      expect(counts.get('orders.created')).toBe(11);
      // The first of its messages are in `_OTHER`.
      expect(counts.get('orders.paid')).toBeGreaterThanOrEqual(3);
      expect(counts.size).toBe(501);
      expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(3_000 + 11 + 4);
      // What made room is in `_OTHER`, in every bucket.
      const others = (await samplesOf(registry, MESSAGES)).filter(
        ({ labels }) => labels['messaging_destination_name'] === '_OTHER',
      );
      const infinite = others.find(({ labels }) => labels['le'] === '+Inf');
      expect(infinite?.value).toBe(counts.get('_OTHER'));
    },
  );

  it('do not stay for ever where they were in use once', () => {
    const removed: string[] = [];
    const label = new BoundedLabel<string>(
      (value) => value,
      (value) => removed.push(value) > 0,
      3,
    );
    for (let i = 0; i < 100; i++) for (const old of ['a', 'b', 'c']) label.use(old);
    for (let i = 0; i < 10; i++) expect(label.use('new')).toBeUndefined();
    for (let i = 0; i < 100_000; i++) label.use(i % 2 === 0 ? 'a' : `once-${i}`);
    for (let i = 0; i < 100; i++) label.use('new');
    expect(label.use('new')).toBe('new');
    expect(label.use('a')).toBe('a');
    expect(removed).not.toContain('a');
  });

  it('are as many as before where prom-client keeps its series otherwise', async () => {
    const registry = new Registry();
    const send = await start(registry);
    for (let i = 0; i < 600; i++) send(`p${i}`);
    const histogram = registry.getSingleMetric(MESSAGES) as Histogram;
    const kept: unknown = Reflect.get(histogram, 'hashMap');
    Reflect.set(histogram, 'hashMap', { ...(kept as object), odd: 7 });
    for (let i = 0; i < 20; i++) send('late');
    Reflect.set(histogram, 'hashMap', kept);
    const counts = await countsOf(registry);
    expect(counts.size).toBe(501);
    expect(counts.get('_OTHER')).toBe(120);
  });

  it.each<[what: string, forget: (registry: Registry, histogram: Histogram) => void]>([
    ['resets its metrics', (registry) => registry.resetMetrics()],
    ['removes a series', (_registry, histogram) => histogram.remove('tcp', 'kept', '')],
  ])('are counted from zero where the application %s', async (_what, forget) => {
    const registry = new Registry();
    const send = await start(registry);
    for (let i = 0; i < 5; i++) send('kept');
    const histogram = registry.getSingleMetric(MESSAGES) as Histogram;
    forget(registry, histogram);
    for (let i = 0; i < 3; i++) send('kept');
    expect(await countsOf(registry)).toEqual(new Map([['kept', 3]]));
    const text = await histogram.get();
    const all = text.values.filter(({ labels }) => labels['le'] === '+Inf');
    expect(all.map(({ value }) => value)).toEqual([3]);
  });

  it.each([
    ['long', 'x'.repeat(257)],
    ['reserved', '_OTHER'],
  ])('have no series of their own where they are %s', async (_what, pattern) => {
    const registry = new Registry();
    const send = await start(registry);
    send(pattern);
    expect([...(await countsOf(registry)).keys()]).toEqual(['_OTHER']);
  });

  it('share the limit among applications that share a registry', async () => {
    const registry = new Registry();
    const [first, second] = [await start(registry), await start(registry)];
    for (let i = 0; i < 400; i++) {
      first(`first-${i}`);
      second(`second-${i}`);
    }
    expect((await countsOf(registry)).size).toBe(501);
  });

  it('are no more where they are names of properties of all objects', async () => {
    const registry = new Registry();
    const send = await start(registry);
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
    for (const name of names) send(name);
    expect(new Set((await countsOf(registry)).keys())).toEqual(new Set(names));
  });
});

describe('the label of a status', () => {
  it.each([
    [200, '200'],
    [418, '418'],
    [511, '511'],
    [299, '2xx'],
    [499, '4xx'],
    [520, '5xx'],
    [999, '_OTHER'],
    [600, '_OTHER'],
    [0, '_OTHER'],
    [-1, '_OTHER'],
    [Number.NaN, '_OTHER'],
    [undefined, ''],
  ])('of %s is %j', (status, label) => {
    expect(statusLabel(status)).toBe(label);
  });
});

@Controller()
class StatusController {
  @Get('status/:status')
  status(@Param('status') status: string, @Res() response: Reply): void {
    const raw = response.raw ?? response;
    raw.statusCode = Number(status);
    raw.end();
  }

  @Get('never')
  never(): Promise<string> {
    waiting++;
    return new Promise(() => {});
  }
}

type Reply = ServerResponse & { readonly raw?: ServerResponse };

let waiting = 0;
afterEach(() => {
  waiting = 0;
});

describe.each(PLATFORMS)('metrics on %s', (platform) => {
  it('have few series for one route that answers with every status', async () => {
    const registry = new Registry();
    const { url, sink } = await tracedApp(platform)
      .of({
        imports: [TracingMetricsModule.forRoot({ registry })],
        controllers: [StatusController],
      })
      .start();
    const statuses = Array.from({ length: 800 }, (_, i) => 200 + i);
    // `fetch` takes no status from 600.
    const agent = new Agent({ keepAlive: true });
    for (const status of statuses) {
      await new Promise<void>((resolve, reject) => {
        get(`${url}/status/${status}`, { agent }, (response) =>
          response.resume().on('end', resolve),
        ).on('error', reject);
      });
    }
    agent.destroy();
    await sink.finishes(statuses.length);
    const counts = await samplesOf(registry, REQUESTS, '_count');
    expect(sumOf(counts)).toBe(statuses.length);
    expect(counts.length).toBeLessThan(70);
    const labels = new Set(counts.map(({ labels: all }) => all['http_response_status_code']));
    expect([...labels]).toEqual(expect.arrayContaining(['200', '404', '2xx', '5xx', '_OTHER']));
    const errors = new Set(counts.map(({ labels: all }) => all['error_type']));
    expect(errors.size).toBeLessThan(20);
  }, 30_000);

  it.each(['their connections are closed', 'their clients leave'])(
    'have nothing active after a close in which %s',
    async (how) => {
      const registry = new Registry();
      const start = () =>
        tracedApp(platform)
          .of({
            imports: [TracingMetricsModule.forRoot({ registry })],
            controllers: [StatusController],
          })
          .start();
      const [closed, other] = [await start(), await start()];
      const leave = new AbortController();
      const hang = async (app: TracedApp, count: number): Promise<Promise<unknown>[]> => {
        const before = waiting;
        const calls = Array.from({ length: count }, () =>
          fetch(`${app.url}/never`, { signal: leave.signal }).catch(() => 'cut'),
        );
        await eventually(() => waiting === before + count, `${count} requests`);
        return calls;
      };
      const cut = await hang(closed, 3);
      expect(sumOf(await samplesOf(registry, ACTIVE))).toBe(3);
      const closing = closed.app.close();
      if (how === 'their clients leave') leave.abort();
      else closed.app.getHttpServer().closeAllConnections();
      await closing;
      await Promise.all(cut);
      expect(sumOf(await samplesOf(registry, ACTIVE))).toBe(0);

      // Those of the other application are its own, and are taken back with it.
      const kept = how === 'their clients leave' ? [] : await hang(other, 2);
      expect(sumOf(await samplesOf(registry, ACTIVE))).toBe(kept.length);
      const ending = other.app.close();
      other.app.getHttpServer().closeAllConnections();
      await ending;
      await Promise.all(kept);
      expect(sumOf(await samplesOf(registry, ACTIVE))).toBe(0);
    },
  );
});
