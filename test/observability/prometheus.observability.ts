import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesApp, SERVICE, SLOW_MS } from './messages-app.js';
import { Prometheus, type Sample } from './prometheus.js';
import { alertRules, filled, panelQueries, queriesOf } from './stack.js';

const ROUNDS = 40;
/** What is sent in each round. */
const PATHS = [...Array(6).fill('/api/quick'), '/api/slow', '/api/slow', '/api/messages', '/gone'];

const prometheus = new Prometheus();
let shop: MessagesApp;

beforeAll(async () => {
  // Spans are sent soon. Lines are kept back, so that it is known how many wait.
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '20';
  process.env['OTEL_BLRP_SCHEDULE_DELAY'] = '60000';
  process.env['OTEL_BLRP_MAX_EXPORT_BATCH_SIZE'] = '2048';
  shop = await MessagesApp.start();
  prometheus.scrapeOnly(shop.address, SERVICE);
  // A rate needs a first value of each series to begin from.
  await sendRound();
  await prometheus.scraped(2);
  for (let round = 0; round < ROUNDS; round++) await sendRound();
  await prometheus.scraped(2);
}, 60_000);
afterAll(async () => {
  await shop.stop();
  for (const name of Object.keys(process.env))
    if (name.startsWith('OTEL_')) delete process.env[name];
});

async function sendRound(): Promise<void> {
  await shop.work();
  await Promise.all(PATHS.map(async (path) => (await shop.send(path)).text()));
}

const ask = async (panel: string, index = 0): Promise<Sample[]> =>
  prometheus.query(queriesOf(panel, SERVICE)[index]!);

const by = (samples: Sample[], label: string): Record<string, number> =>
  Object.fromEntries(samples.map(({ labels, value }) => [labels[label]!, value]));

describe('the dashboard on a real Prometheus', () => {
  const asked = panelQueries().filter(({ source }) => source === 'prometheus');

  it.each(asked)('has an answer for "$panel": $expr', async ({ expr }) => {
    const samples = await prometheus.query(filled(expr, SERVICE));
    expect(samples.length).toBeGreaterThan(0);
    for (const { value } of samples) expect(value).toBeGreaterThanOrEqual(0);
  });

  it('shows the rate of each route', async () => {
    const rates = by(await ask('Requests a second'), 'http_route');
    expect(Object.keys(rates).toSorted()).toEqual([
      '/api/messages',
      '/api/quick',
      '/api/slow',
      '/metrics',
      '_unmatched',
    ]);
    const { '/api/quick': quick, '/api/slow': slow, '/api/messages': failing } = rates;
    expect(quick! / failing!).toBeCloseTo(6, 1);
    expect(slow! / failing!).toBeCloseTo(2, 1);
  });

  it('shows the share of errors', async () => {
    const shares = by(await ask('Share of requests that fail'), 'error_type');
    // One in ten, and the scrapes were requests too.
    expect(Object.keys(shares)).toEqual(['500']);
    expect(shares['500']).toBeGreaterThan(0.08);
    expect(shares['500']).toBeLessThanOrEqual(0.1);
  });

  it('shows the duration of a route', async () => {
    const slowest = by(await ask('Duration by route, 95th percentile'), 'http_route');
    const median = by(await ask('Duration by route, median'), 'http_route');
    for (const durations of [slowest, median]) {
      expect(durations['/api/slow']).toBeGreaterThanOrEqual(SLOW_MS / 1000);
      expect(durations['/api/slow']).toBeLessThan(1);
      expect(durations['/api/quick']).toBeLessThan(SLOW_MS / 1000);
    }
  });

  it('distinguishes failed messages from successful ones', async () => {
    const samples = await ask('Messages and jobs a second');
    expect(samples.map(({ labels }) => labels)).toEqual(
      expect.arrayContaining([
        {
          messaging_system: 'tcp',
          messaging_destination_name: 'payment.charge',
          error_type: 'errored',
        },
        { messaging_system: 'tcp', messaging_destination_name: 'payment.done' },
      ]),
    );
  });

  it('shows what is in flight: the scrape itself, and no message', async () => {
    expect(by(await ask('In flight'), 'http_request_method')).toEqual({ GET: 1 });
    expect(by(await ask('In flight', 1), 'messaging_system')).toEqual({ tcp: 0 });
  });

  it('shows how much waits for the collector, and what was lost', async () => {
    const waiting = by(await ask('Queue of the exporter'), 'signal');
    const lines = shop.sink.lines.length;
    expect(waiting['traces']).toBeLessThan(50);
    expect(waiting['logs']).toBeGreaterThanOrEqual((ROUNDS + 1) * PATHS.length);
    expect(waiting['logs']).toBeLessThanOrEqual(lines);
    expect(by(await ask('Queue of the exporter', 1), 'signal')).toEqual({ traces: 0, logs: 0 });
  });

  it('has rules for alerts that can be evaluated', async () => {
    const rules = await prometheus.rules();
    // Its groups may come in any order.
    expect(rules).toHaveLength(alertRules().length);
    expect(rules).toEqual(
      expect.arrayContaining(
        alertRules().map(({ alert }) => expect.objectContaining({ name: alert, health: 'ok' })),
      ),
    );
  });
});

describe('the dashboard, when the collector refuses', () => {
  it('shows what is lost', async () => {
    shop.receiver.answer = (response) => {
      response.writeHead(400).end();
      return false;
    };
    await shop.send('/api/quick');
    await prometheus.scraped(2);
    shop.receiver.answer = undefined;
    const lost = by(await ask('Queue of the exporter', 1), 'signal');
    expect(lost['traces']).toBeGreaterThan(0);
  });
});
