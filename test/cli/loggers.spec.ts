import { describe, expect, it } from '@jest/globals';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { ROOT_CONTEXT, trace as openTelemetry } from '@opentelemetry/api';
import { Logger as PinoLogger, LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';
import { pinoHttp } from 'pino-http';
import type { Logform } from 'winston';
import { runWithTrace } from '../../src/context/trace-store.js';
import { capture } from '../../src/logging/winston/captured-entry.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { PresetName } from '../../src/records/field.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { untangle } from './cli.js';

const W3C = '0af7651916cd43dd8448eb211c80319c';
const MESSAGE = Symbol.for('message');
const { policy } = resolveOptions();

const requestHeader = (request: string, session: string): string =>
  `request=${request} session=${session} trace=${W3C} service=payments`;

describe('the presets of this package', () => {
  it.each<PresetName | undefined>([undefined, 'otel', 'ecs', 'gcp', 'datadog'])(
    '%s',
    async (preset) => {
      const format = traceJson({ preset, service: 'payments' });
      const lineOf = (entry: object): string => {
        const captured = capture({ level: 'info', message: '', ...entry });
        const written = format.transform(captured as Logform.TransformableInfo);
        return (written as Record<symbol, string>)[MESSAGE]!;
      };
      const [alice, bob] = ['1', '2'].map((n) => {
        const carrier = { requestId: `req-00${n}`, sessionId: `session-${n}` };
        const traceparent = `00-${W3C}-b7ad6b7169203331-01`;
        const trace = openTrace({ traceparent, ...carrier }, policy, {
          transport: 'test',
          startedAt: 0,
        });
        return (entry: object) => runWithTrace(trace, () => lineOf(entry));
      });
      const ended = {
        message: 'Request finished',
        ...{ duration_ms: 447.486, handler_ms: 12.5, method: 'POST', path: '/api/payment/17' },
        ...{ route: '/api/payment/:id', handler: 'PaymentController.pay', status_code: 201 },
        outcome: 'completed',
      };
      const error = new TypeError('bad', { cause: new Error('down') });
      const { stdout } = await untangle([
        lineOf({ message: 'Up', context: 'Nest' }),
        alice!({ message: 'Paying', context: 'Payments', amount: 12 }),
        bob!({ level: 'error', message: 'Failed', error }),
        alice!({ level: 'warn', message: 'Slow' }),
        alice!(ended),
        bob!({ ...ended, level: 'error', status_code: 500, outcome: 'errored' }),
      ]);
      const rows = stdout.split('\n');
      expect(rows[0]).toMatch(/^\S+ \S+ INFO  \[Nest\] Up$/);
      expect(rows[1]).toMatch(/^● POST \/api\/payment\/17 201 completed 447\.486ms {2}\d/);
      expect(rows[2]).toBe(
        `│ ${requestHeader('req-001', 'session-1')} handler=PaymentController.pay`,
      );
      expect(rows[3]).toMatch(/^│ +\+\d+ms INFO {2}\[Payments\] Paying amount=12$/);
      expect(rows[4]).toMatch(/^│ +\+\d+ms WARN(?: {2}|ING )Slow$/);
      expect(rows[6]).toMatch(/^● POST \/api\/payment\/17 500 errored 447\.486ms {2}\d/);
      expect(rows[7]).toContain(requestHeader('req-002', 'session-2'));
      expect(rows[8]).toMatch(/ERROR Failed(?: error\.\w+=.*)?$/);
      expect(rows[9]).toMatch(/^│ {10}TypeError: bad$/);
      expect(rows).toContainEqual(expect.stringMatching(/^│ {10}Error: down$/));
    },
  );
});

/** Serves until the test has what it wants. */
async function withServer(server: Server, use: (url: string) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('pino-http', () => {
  it('is recognized by its numbers: requests that succeed, fail and are aborted', async () => {
    const sink = new LineSink();
    const log = pinoHttp({}, sink);
    const server = createServer(async (request, response) => {
      log(request, response);
      request.log.info({ amount: 3 }, 'working');
      if (request.url!.startsWith('/hangs')) return;
      await sleep(20);
      request.log.warn('still working');
      if (request.url!.startsWith('/fails')) response.statusCode = 500;
      response.end();
    });
    await withServer(server, async (url) => {
      await Promise.all([fetch(`${url}/works?token=secret`), fetch(`${url}/fails`)]);
      const left = get(`${url}/hangs`);
      left.on('error', () => {});
      await eventually(() => sink.raw.some((row) => row.includes('/hangs')), 'the request');
      left.destroy();
      await eventually(() => sink.raw.some((row) => row.includes('aborted')), 'its end');
    });
    const { stdout } = await untangle(sink.raw);
    const groups = stdout.split('\n\n');
    expect(groups).toHaveLength(4);
    expect(stdout).not.toContain('secret');
    expect(stdout).not.toContain('continued');
    const works = groups.find((group) => group.includes('/works'))!.split('\n');
    expect(works).toEqual([
      expect.stringMatching(/^● GET \/works 200 completed \d+ms {2}\d/),
      expect.stringMatching(/^│ request=\d$/),
      expect.stringMatching(/INFO  working amount=3$/),
      expect.stringMatching(/WARN  still working$/),
    ]);
    const fails = groups.find((group) => group.includes('/fails'))!;
    expect(fails).toMatch(/^● GET \/fails 500 errored \d+ms/);
    expect(fails).toMatch(/INFO {2}request errored\n│ {10}Error: failed with status code 500\n/);
    expect(groups.find((group) => group.includes('/hangs'))).toMatch(
      /^● GET \/hangs aborted \d+ms/,
    );
    expect((await untangle(sink.raw, ['--errors'])).stdout).toBe(`${fails}\n\n`);
  });
});

@Controller()
class CatsController {
  private readonly logger = new Logger('Cats');

  @Get('cats/:id')
  async get(@Param('id') id: string): Promise<string> {
    this.logger.log(`looking for ${id}`);
    await sleep(5);
    if (id === '3') throw new Error('no such cat');
    this.logger.debug({ found: id });
    return id;
  }
}

describe('nestjs-pino', () => {
  it('is recognized by its numbers', async () => {
    const sink = new LineSink();
    const genReqId = (request: IncomingMessage): string => String(request.headers['x-request-id']);
    @Module({
      imports: [
        LoggerModule.forRoot({ pinoHttp: [{ genReqId, level: 'debug', name: 'cats' }, sink] }),
      ],
      controllers: [CatsController],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { bufferLogs: true });
    app.useLogger(app.get(PinoLogger));
    await app.listen(0, '127.0.0.1');
    const cat = async (id: string) =>
      fetch(`${await app.getUrl()}/cats/${id}`, { headers: { 'x-request-id': `cat-${id}` } });
    await Promise.all(['1', '2', '3'].map(cat));
    await eventually(
      () => sink.raw.filter((row) => row.includes('responseTime')).length === 3,
      'ends',
    );
    await app.close();

    const { stdout } = await untangle(sink.raw);
    expect(stdout).toMatch(/^\S+ \S+ INFO  \[NestFactory\] Starting Nest application\.\.\.$/m);
    const requests = stdout.split('\n\n').filter((group) => group.includes('request='));
    expect(requests).toHaveLength(3);
    const first = requests.find((group) => group.includes('cat-1'))!.split('\n');
    expect(first.slice(-4)).toEqual([
      expect.stringMatching(/● GET \/cats\/1 200 completed \d+ms/),
      '│ request=cat-1 service=cats',
      expect.stringMatching(/INFO  \[Cats\] looking for 1$/),
      expect.stringMatching(/DEBUG \[Cats\]  found=1$/),
    ]);
    expect(requests.find((group) => group.includes('cat-3'))).toMatch(
      /● GET \/cats\/3 500 errored[^]*Error: no such cat\n│ {14}at /,
    );
  });
});

describe('the logger of Fastify', () => {
  it('is recognized by its numbers', async () => {
    const sink = new LineSink();
    @Module({ controllers: [CatsController] })
    class AppModule {}
    const adapter = new FastifyAdapter({ logger: { stream: sink } });
    const app = await NestFactory.create(AppModule, adapter, { logger: false });
    await app.listen(0, '127.0.0.1');
    for (const id of ['1', '3']) await fetch(`${await app.getUrl()}/cats/${id}?token=secret`);
    await eventually(
      () => sink.raw.filter((row) => row.includes('responseTime')).length === 2,
      'ends',
    );
    await app.close();
    const { stdout } = await untangle(sink.raw);
    expect(stdout).not.toContain('secret');
    expect(stdout.match(/●.*\n.*\n.*\n/g)).toEqual([
      expect.stringMatching(
        /^● GET \/cats\/1 200 completed [\d.]+ms .*\n│ request=req-1\n.* INFO  incoming request\n$/,
      ),
      expect.stringMatching(/^● GET \/cats\/3 500 errored [\d.]+ms .*\n│ request=req-2\n/),
    ]);
  });
});

describe('pino', () => {
  it('with ids of a child, and two processes that count alike', async () => {
    const sink = new LineSink();
    const log = pino({ base: { pid: 1, hostname: 'a' } }, sink);
    const other = pino({ base: { pid: 2, hostname: 'a' } }, sink);
    log.child({ reqId: 1 }).info('of the first');
    other.child({ reqId: 1 }).fatal('of the second');
    log.child({ reqId: 1 }).error(new Error('bad'));
    const { stdout } = await untangle(sink.raw);
    expect(stdout.split('\n\n')).toEqual([
      expect.stringMatching(
        /^● request .*\n│ request=1\n.*of the first\n.*ERROR bad\n.*Error: bad\n/,
      ),
      expect.stringMatching(/^● request .*\n│ request=1\n.*FATAL of the second$/),
      '',
    ]);
  });
});

describe('OpenTelemetry', () => {
  it('is read from what an exporter sends, as collectors write it into files', async () => {
    const exported: string[] = [];
    const collector = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      exported.push(body);
      response.end('{}');
    });
    await withServer(collector, async (url) => {
      const exporter = new OTLPLogExporter({ url });
      const provider = new LoggerProvider({
        resource: resourceFromAttributes({ 'service.name': 'payments', 'host.name': 'a' }),
        processors: [new SimpleLogRecordProcessor({ exporter })],
      });
      const spanContext = { traceId: W3C, spanId: 'b7ad6b7169203331', traceFlags: 1 };
      const context = openTelemetry.setSpanContext(ROOT_CONTEXT, spanContext);
      const logger = provider.getLogger('test');
      logger.emit({ body: 'Paying', severityText: 'INFO', attributes: { amount: 3 }, context });
      logger.emit({
        ...{ body: 'Failed', severityNumber: SeverityNumber.ERROR2, context },
        attributes: { 'session.id': 's-1', 'exception.stacktrace': 'Error: no\n    at x' },
      });
      logger.emit({ body: { a: [1, 'b'] }, severityText: 'DEBUG' });
      await provider.shutdown();
    });
    const { stdout } = await untangle(exported);
    expect(stdout).toMatch(/^\S+ \S+ DEBUG \{"a":\[1,"b"\]\}\n● trace \(no end yet\) /);
    const rows = stdout.split('\n').slice(2);
    expect(rows).toEqual([
      `│ session=s-1 trace=${W3C} service=payments`,
      expect.stringMatching(/INFO  Paying amount=3$/),
      expect.stringMatching(/ERROR Failed$/),
      '│          Error: no',
      '│              at x',
      ...['', ''],
    ]);
  });
});

describe('other loggers', () => {
  const at = '2026-01-15T10:30:15.042Z';
  const ms = Date.parse(at);

  it.each<[string, object, string]>([
    [
      'ECS, nested',
      {
        '@timestamp': at,
        log: { level: 'warn', logger: 'Pay' },
        message: 'hi',
        ...{ trace: { id: W3C }, http: { request: { id: 'r-1' }, version: '1.1' } },
        ...{ labels: { session_id: 's-1', tenant: 'acme' }, service: { name: 'payments' } },
        ecs: { version: '8.11.0' },
      },
      `WARN  [Pay] hi http.version=1.1 labels.tenant=acme`,
    ],
    [
      'OpenTelemetry, one record',
      {
        timeUnixNano: `${ms}000000`,
        ...{
          severityNumber: 13,
          body: { stringValue: 'hi' },
          traceId: W3C,
          spanId: '00f067aa0ba902b7',
        },
        attributes: [
          { key: 'session.id', value: { stringValue: 's-1' } },
          { key: 'request.id', value: { stringValue: 'r-1' } },
          { key: 'tries', value: { intValue: '2' } },
        ],
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'payments' } }] },
      },
      'WARN  hi tries=2',
    ],
    [
      'GCP',
      {
        ...{ time: at, severity: 'WARNING', message: 'hi', request_id: 'r-1', session_id: 's-1' },
        'logging.googleapis.com/trace': `projects/acme/traces/${W3C}`,
        serviceContext: { service: 'payments' },
      },
      'WARNING hi',
    ],
    [
      'Datadog, nested',
      {
        ...{ timestamp: ms, status: 'warn', message: 'hi', reqId: 'r-1', sessionId: 's-1' },
        dd: { trace_id: W3C, span_id: '12', service: 'payments' },
      },
      'WARN  hi',
    ],
    [
      'Bunyan',
      {
        ...{ name: 'payments', hostname: 'a', pid: 1, level: 40, msg: 'hi', time: at, v: 0 },
        ...{ req_id: 'r-1', session_id: 's-1', trace_id: W3C },
      },
      'WARN  hi',
    ],
    [
      'zap',
      {
        ...{ level: 'warn', ts: ms / 1000, logger: 'pay', msg: 'hi', service: 'payments' },
        ...{ traceID: W3C, requestID: 'r-1', sessionID: 's-1', event: 'paid' },
      },
      'WARN  [pay] hi event=paid',
    ],
    [
      'Serilog',
      {
        ...{ '@t': '2026-01-15T10:30:15.0420000Z', '@l': 'Warning', '@m': 'hi', '@tr': W3C },
        ...{ RequestId: 'r-1', SessionId: 's-1', service: 'payments' },
      },
      'WARNING hi',
    ],
    [
      'structlog, with a correlation id',
      {
        ...{ event: 'hi', level: 'warning', timestamp: at, correlation_id: 'r-1' },
        ...{ session_id: 's-1', trace_id: W3C, service: 'payments' },
      },
      'WARNING hi',
    ],
    [
      'a correlation id beside a request id',
      {
        ...{ msg: 'hi', level: 'warn', time: ms, correlationId: 'c-1', requestId: 'r-1' },
        ...{ sessionId: 's-1', traceId: W3C, service: 'payments', name: 'n', status: 'paid' },
      },
      'WARN  hi correlationId=c-1 name=n status=paid',
    ],
  ])('%s', async (_name, entry, said) => {
    const { stdout } = await untangle([entry]);
    expect(stdout).toBe(
      '● request (no end yet)  2026-01-15 10:30:15.042\n' +
        `│ ${requestHeader('r-1', 's-1')}\n│     +0ms ${said}\n\n`,
    );
  });
});
