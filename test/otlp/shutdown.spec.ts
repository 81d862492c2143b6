import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../src/index.js';
import { OtlpModule, type OtlpModuleOptions, type OtlpProtocol } from '../../src/otlp/index.js';
import { exportQueues } from '../../src/records/export-counts.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();
const PROTOCOLS: OtlpProtocol[] = ['http/protobuf', 'http/json'];

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(async () => {
  await receiver.stop();
  for (const name of Object.keys(process.env))
    if (name.startsWith('OTEL_')) delete process.env[name];
});

/** Sets a limit of the batches of both signals. */
function limit(name: string, value: number): void {
  for (const prefix of ['BSP', 'BLRP']) process.env[`OTEL_${prefix}_${name}`] = String(value);
}

/** Logs on the way down, after a pause, as a module does that closes a connection. */
@Injectable()
class Database implements OnApplicationShutdown {
  async onApplicationShutdown(): Promise<void> {
    await sleep(50);
    new Logger('Database').log('connection closed');
  }
}

async function exportingApp(options: OtlpModuleOptions = {}) {
  const { app } = await tracedApp('express')
    .of({
      imports: [OtlpModule.forRoot({ url: receiver.url, ...options })],
      providers: [Database],
    })
    .start();
  return app;
}

type App = Awaited<ReturnType<typeof exportingApp>>;

/** Makes as many spans and as many log lines. */
async function write(app: App, count: number): Promise<void> {
  const trace = app.get(TraceContext);
  const logger = new Logger('Orders');
  await trace.run({ name: 'import' }, async () => {
    for (let i = 0; i < count; i++) {
      trace.span(`step ${i}`, () => {});
      logger.log(`order ${i}`);
    }
  });
}

const received = () => ({
  steps: new Set(receiver.spans.map(({ name }) => name).filter((name) => name.startsWith('step')))
    .size,
  orders: new Set(receiver.logs.map(({ body }) => body).filter((body) => body.startsWith('order')))
    .size,
});

/** Closes the application and returns how long that took, in milliseconds. */
async function close(app: App): Promise<number> {
  const began = performance.now();
  await app.close();
  return performance.now() - began;
}

/** Answers each request after a while. */
const slow = (ms: number) => (response: ServerResponse) => {
  setTimeout(() => response.writeHead(200).end(), ms);
  return true;
};

const incomplete = () =>
  warnings.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('delivered'));

describe.each(PROTOCOLS)('a shutdown, by %s', (protocol) => {
  it('sends all batches to a slow collector, also while one is being sent', async () => {
    limit('MAX_EXPORT_BATCH_SIZE', 100);
    receiver.answer = slow(500);
    const app = await exportingApp({ protocol });
    await write(app, 600);
    await eventually(() => receiver.requests.length === 2, 'one batch of each signal');
    // One after the other, the batches of a signal would need 3.5 seconds.
    expect(await close(app)).toBeLessThan(2500);
    expect(received()).toEqual({ steps: 600, orders: 600 });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('sends more batches than an exporter sends at the same time', async () => {
    limit('MAX_EXPORT_BATCH_SIZE', 5);
    limit('SCHEDULE_DELAY', 60_000);
    receiver.answer = slow(20);
    const app = await exportingApp({ protocol });
    await write(app, 500);
    await close(app);
    expect(received()).toEqual({ steps: 500, orders: 500 });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('sends the other batches where one is refused', async () => {
    limit('MAX_EXPORT_BATCH_SIZE', 50);
    limit('SCHEDULE_DELAY', 60_000);
    // The first batch goes out when it is full, the others at the shutdown.
    receiver.answer = (response, count) => {
      if (count !== 3) return slow(200)(response);
      response.writeHead(400).end();
      return false;
    };
    const app = await exportingApp({ protocol, logs: false });
    await write(app, 499);
    await close(app);
    expect(receiver.spans).toHaveLength(450);
    expect(incomplete()).toEqual([
      expect.stringContaining(' 50 spans and 0 log records were not delivered'),
    ]);
  });

  it('does not wait for a request that the collector has lost', async () => {
    limit('MAX_EXPORT_BATCH_SIZE', 100);
    receiver.answer = (response, count) => (count === 1 ? false : slow(0)(response));
    const app = await exportingApp({ protocol, traces: false, shutdownTimeout: 1000 });
    await write(app, 400);
    await eventually(() => receiver.requests.length > 0, 'the request that is lost');
    await close(app);
    expect(received().orders).toBeGreaterThanOrEqual(300);
    expect(incomplete()).toEqual([expect.stringMatching(/0 spans and 100 log records/)]);
  });

  it('sends what is logged while other modules shut down', async () => {
    receiver.answer = slow(200);
    const app = await exportingApp({ protocol });
    await write(app, 10);
    await close(app);
    expect(receiver.logs.map(({ body }) => body)).toContain('connection closed');
  });

  it('says how many records a collector that hangs has not taken', async () => {
    receiver.answer = () => false;
    const app = await exportingApp({ protocol, shutdownTimeout: 200 });
    await write(app, 700);
    const queues = [...exportQueues];
    const [traces, logs] = ['traces', 'logs'].map((signal) =>
      queues.find((queue) => queue.signal === signal)!,
    );
    // And the line of the other module.
    const [spans, lines] = [traces!.queued, logs!.queued + 1];
    expect(spans).toBe(701);
    expect(await close(app)).toBeLessThan(2000);
    expect(incomplete()).toEqual([
      `nestjs-tracing: ${spans} spans and ${lines} log records were not delivered before the ` +
        'application closed (`shutdownTimeout` is 200 ms)',
    ]);
    expect(traces).toMatchObject({ queued: 0, failed: spans, exported: 0 });
    expect(exportQueues.size).toBe(0);
  });
});

it('with a timeout of 0 waits for nothing, and says what is lost', async () => {
  const app = await exportingApp({ shutdownTimeout: 0, traces: false });
  await write(app, 5);
  receiver.answer = () => false;
  expect(await close(app)).toBeLessThan(1000);
  expect(incomplete()).toHaveLength(1);
});

it('delivers what a collector takes that has refused it at first', async () => {
  let refused = 0;
  receiver.answer = (response) => {
    if (refused++ > 0) return slow(0)(response);
    response.writeHead(503, { 'retry-after': '1' }).end();
    return false;
  };
  const app = await exportingApp({ logs: false });
  await write(app, 20);
  await close(app);
  expect(received().steps).toBe(20);
  expect(warnings).not.toHaveBeenCalled();
});
