import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpCode, Logger, Module, Post } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../src/index.js';
import { OtlpModule, type OtlpModuleOptions } from '../../src/otlp/index.js';
import { exportQueues } from '../../src/records/export-counts.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();

@Controller()
class OrdersController {
  private readonly logger = new Logger('Orders');

  constructor(private readonly trace: TraceContext) {}

  @Get('fine')
  fine(): string {
    this.logger.log('fine');
    return this.trace.span('step of fine', () => 'fine');
  }

  @Get('fails')
  fails(): never {
    this.logger.log('before it fails');
    return this.trace.span('step that fails', () => {
      throw new Error('broken');
    });
  }

  @Get('slow')
  async slow(): Promise<string> {
    await sleep(120);
    return 'slow';
  }

  @Get('kept')
  kept(): string {
    this.trace.keep();
    return 'kept';
  }

  @Get('later')
  later(): string {
    void this.trace.span('late span', () => sleep(150));
    return 'later';
  }

  @Get('later-fails')
  laterFails(): never {
    this.later();
    throw new Error('broken');
  }

  /** Goes on in a run of the same trace once the request has ended. */
  @Post('enqueue')
  @HttpCode(202)
  enqueue(): string {
    const { traceId } = this.trace;
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    setTimeout(() => {
      const job = this.trace.run({ name: 'job of the trace', traceparent }, async () => {
        this.logger.log('inside of the job');
        await sleep(1);
        throw new Error('job failed');
      });
      job.catch(() => {});
    }, 80);
    return 'accepted';
  }

  @Get('hangs')
  async hangs(): Promise<string> {
    this.logger.log('waits');
    await sleep(5000, undefined, { ref: false });
    return 'never';
  }
}

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  for (const variable of ['BSP', 'BLRP']) process.env[`OTEL_${variable}_SCHEDULE_DELAY`] = '20';
});
afterEach(async () => {
  await receiver.stop();
  for (const variable of ['BSP', 'BLRP']) delete process.env[`OTEL_${variable}_SCHEDULE_DELAY`];
});

async function exporting(platform: Platform, options: OtlpModuleOptions) {
  @Module({
    imports: [OtlpModule.forRoot({ url: receiver.url, ...options })],
    controllers: [OrdersController],
  })
  class FeatureModule {}
  return tracedApp(platform)
    .with({ accessLog: { slowerThan: 100 } })
    .of({ imports: [FeatureModule] })
    .start();
}

const traceparentOf = (n: number): string =>
  `00-${n.toString(16).padStart(32, '0')}-00f067aa0ba902b7-01`;
const idOf = (n: number): string => n.toString(16).padStart(32, '0');
/** What has arrived of a trace. */
const arrived = (n: number) => ({
  spans: receiver.spans.filter(({ traceId }) => traceId === idOf(n)).map(({ name }) => name),
  logs: receiver.logs.filter(({ traceId }) => traceId === idOf(n)).map(({ body }) => body),
});
const NOTHING = { spans: [], logs: [] };

describe.each(PLATFORMS)('keep on %s', (platform) => {
  it("'notable' exports whole traces that failed, were slow, aborted, or kept, and no others", async () => {
    const { app, send, sink } = await exporting(platform, { keep: 'notable' });
    const paths = ['fine', 'fails', 'slow', 'kept', 'nowhere'];
    const requests = Array.from({ length: 20 }, (_, i) => ({ n: i + 1, path: paths[i % 5]! }));
    await Promise.all(
      requests.map(({ n, path }) =>
        send(`/${path}`, { headers: { traceparent: traceparentOf(n) } }),
      ),
    );
    const abort = new AbortController();
    const url = await app.getUrl();
    const hanging = fetch(`${url}/hangs`, {
      headers: { traceparent: traceparentOf(99) },
      signal: abort.signal,
    }).catch(() => undefined);
    await eventually(() => sink.linesOf('waits').length === 1, 'the request that hangs');
    abort.abort();
    await hanging;
    await sink.finishes(21);
    const queues = [...exportQueues];
    await app.close();

    for (const { n, path } of requests) {
      const { spans, logs } = arrived(n);
      if (path === 'fine' || path === 'nowhere') {
        expect({ spans, logs }).toEqual(NOTHING);
      } else {
        const steps = path === 'fails' ? ['step that fails'] : [];
        const entries = path === 'fails' ? ['before it fails'] : [];
        expect(spans).toEqual([...steps, `GET /${path}`]);
        expect(logs.filter((body) => !/broken/.test(body))).toEqual([
          ...entries,
          'Request finished',
        ]);
      }
    }
    expect(arrived(99)).toEqual({ spans: ['GET /hangs'], logs: ['waits', 'Request finished'] });
    const counts = Object.fromEntries(queues.map((queue) => [queue.signal, queue]));
    // `fine` has a step, `nowhere` has none; and each has its lines.
    expect(counts['traces']).toMatchObject({ leftOut: 12, dropped: 0, queued: 0, failed: 0 });
    expect(counts['logs']!.leftOut).toBeGreaterThanOrEqual(12);
    expect(counts['logs']!.dropped).toBe(0);
  });

  it('keeps all requests of a trace if one of them fails, those that had ended before too', async () => {
    const { app, send, sink } = await exporting(platform, { keep: 'notable' });
    const headers = { traceparent: traceparentOf(7) };
    await send('/fine', { headers });
    await sink.finishes(1);
    await send('/fails', { headers });
    await send('/fine', { headers });
    await sink.finishes(3);
    await app.close();
    expect(arrived(7).spans.toSorted()).toEqual([
      'GET /fails',
      'GET /fine',
      'GET /fine',
      'step of fine',
      'step of fine',
      'step that fails',
    ]);
    expect(arrived(7).logs.filter((body) => body === 'Request finished')).toHaveLength(3);
  });

  it('keeps a trace whose job fails once its request has ended', async () => {
    const { app, send, sink } = await exporting(platform, { keep: 'notable' });
    await send('/enqueue', { method: 'POST', headers: { traceparent: traceparentOf(8) } });
    await eventually(() => sink.linesOf('Run finished').length === 1, 'the run');
    await app.close();
    expect(arrived(8).spans.toSorted()).toEqual(['POST /enqueue', 'process job of the trace']);
    expect(arrived(8).logs).toContain('inside of the job');
  });

  it('treats a span that ends after its request as the rest of its trace', async () => {
    const { app, send, sink } = await exporting(platform, { keep: 'notable' });
    await send('/later', { headers: { traceparent: traceparentOf(9) } });
    await send('/later-fails', { headers: { traceparent: traceparentOf(10) } });
    await sink.finishes(2);
    await sleep(250);
    await app.close();
    expect(arrived(9)).toEqual(NOTHING);
    expect(arrived(10).spans.toSorted()).toEqual(['GET /later-fails', 'late span']);
  });

  it('asks a function with the access log line, and exports what it fails on', async () => {
    const { app, send, sink } = await exporting(platform, {
      keep: ({ route, status_code }, { metadata }) => {
        if (route === '/slow') throw new Error('cannot say');
        return status_code === 404 && metadata.path === '/nowhere';
      },
    });
    for (const [n, path] of ['fine', 'fails', 'slow', 'nowhere', 'elsewhere'].entries()) {
      await send(`/${path}`, { headers: { traceparent: traceparentOf(n + 1) } });
    }
    await sink.finishes(5);
    await app.close();
    expect([1, 2, 3, 4, 5].map((n) => arrived(n).spans)).toEqual([
      ...[[], [], ['GET /slow']],
      ...[[expect.stringMatching(/^GET/)], []],
    ]);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(warnings.mock.calls)).toContain('TRACING_CALLBACK_FAILED');
  });

  it("'all' exports everything", async () => {
    const { app, send, sink } = await exporting(platform, { keep: 'all' });
    await send('/fine', { headers: { traceparent: traceparentOf(1) } });
    await sink.finishes(1);
    await app.close();
    expect(arrived(1).spans).toEqual(['step of fine', 'GET /fine']);
  });
});

it.each([[true], ['notables'], [1], [null]])('keep: %p is refused', (keep) => {
  expect(() => OtlpModule.forRoot({ keep: keep as 'all' })).toThrow(
    /INVALID_OTLP_OPTION.*`keep`.*"all" or "notable", or a function/,
  );
});
