import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, Logger, Module } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportQueues } from '../../src/records/export-counts.js';
import { Span, TraceContext, type TracingModuleOptions } from '../../src/index.js';
import { OtlpModule, type OtlpModuleOptions, type OtlpProtocol } from '../../src/otlp/index.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();

@Injectable()
class MessagesService {
  @Span()
  async find(): Promise<never> {
    await sleep(2);
    throw new TypeError('Database timeout');
  }
}

@Controller()
class MessagesController {
  private readonly logger = new Logger('Messages');

  constructor(
    private readonly messages: MessagesService,
    private readonly trace: TraceContext,
  ) {}

  @Get('messages/:id')
  async list(): Promise<unknown> {
    this.trace.set('tenant', 'acme');
    this.logger.log('Loading messages', { count: 3, nested: { a: [1] }, isNew: true });
    this.logger.error('It broke', new RangeError('out of range'));
    return this.messages.find();
  }

  @Get('calls')
  async calls(): Promise<string> {
    const response = await fetch(`${peer}/nowhere?secret=1`);
    return `${response.status}`;
  }

  @Get('odd')
  odd(): string {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const odd = { cyclic, nan: NaN, huge: 1e300, big: 5n, none: undefined, half: 0.5 };
    this.trace.span('odd', () => {}, odd as never);
    void this.trace.span('text', () => Promise.reject('thrown text')).catch(() => {});
    this.logger.log('odd', odd);
    return 'odd';
  }

  @Get('many')
  many(): string {
    for (let i = 0; i < 200; i++) this.trace.span(`step ${i}`, () => {});
    return 'many';
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }
}

let receiver: OtlpReceiver;
let peer: string;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  peer = receiver.url;
  for (const variable of ['BSP', 'BLRP']) process.env[`OTEL_${variable}_SCHEDULE_DELAY`] = '20';
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '1000';
});
afterEach(async () => {
  await receiver.stop();
  for (const name of Object.keys(process.env))
    if (name.startsWith('OTEL_')) delete process.env[name];
});

async function exportingApp(
  platform: Platform,
  options: OtlpModuleOptions = {},
  tracing: TracingModuleOptions = {},
) {
  return tracedApp(platform)
    .with(tracing)
    .of({
      imports: [OtlpModule.forRoot({ url: receiver.url, ...options })],
      controllers: [MessagesController],
      providers: [MessagesService],
    })
    .start();
}

const spanNamed = (name: string) => receiver.spans.find((span) => span.name === name)!;
const logNamed = (body: string) => receiver.logs.find((log) => log.body === body)!;
const queueOf = (signal: string) => [...exportQueues].find((queue) => queue.signal === signal)!;

const PROTOCOLS: OtlpProtocol[] = ['http/protobuf', 'http/json'];
const CASES = PLATFORMS.flatMap((platform) => PROTOCOLS.map((p) => [platform, p] as const));

describe.each(CASES)('on %s by %s', (platform, protocol) => {
  it('sends the spans and the log of a request as one trace', async () => {
    const { send, sink } = await exportingApp(platform, { protocol });
    await send('/messages/7?token=secret', { headers: { 'x-request-id': 'r-1' } });
    const [line] = await sink.finishes(1);
    await eventually(() => receiver.spans.length >= 2, 'the spans');
    await eventually(() => logNamed('Request finished') !== undefined, 'the log');

    const root = spanNamed('GET /messages/:id');
    expect(root).toMatchObject({
      kind: 2,
      traceId: line!.trace_id,
      spanId: line!.span_id,
      status: { code: 2 },
      attributes: {
        'http.request.method': 'GET',
        'url.path': '/messages/7',
        'http.route': '/messages/:id',
        'http.response.status_code': 500,
        'error.type': '500',
        'code.function.name': 'MessagesController.list',
        'request.id': 'r-1',
        'session.id': line!.session_id,
      },
    });
    const took = Number(BigInt(root.endTimeUnixNano) - BigInt(root.startTimeUnixNano)) / 1e6;
    expect(took).toBeCloseTo(line!['duration_ms'] as number, 2);
    expect(Math.abs(Number(BigInt(root.startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(
      5000,
    );

    const child = spanNamed('MessagesService.find');
    expect(child).toMatchObject({
      kind: 1,
      traceId: root.traceId,
      parentSpanId: root.spanId,
      status: { code: 2 },
      events: [
        {
          name: 'exception',
          attributes: {
            'exception.type': 'TypeError',
            'exception.message': 'Database timeout',
            'exception.stacktrace': expect.stringContaining('otlp.spec'),
          },
        },
      ],
    });

    expect(logNamed('Loading messages')).toMatchObject({
      severityText: 'INFO',
      severityNumber: 9,
      traceId: root.traceId,
      spanId: root.spanId,
      attributes: {
        context: 'Messages',
        tenant: 'acme',
        count: 3,
        nested: '{"a":[1]}',
        isNew: true,
        'request.id': 'r-1',
      },
    });
    expect(logNamed('It broke')).toMatchObject({
      severityText: 'ERROR',
      attributes: { 'exception.type': 'RangeError', 'exception.message': 'out of range' },
    });
    expect(logNamed('Request finished').attributes).toMatchObject({ status_code: 500 });
    expect(JSON.stringify([receiver.spans, receiver.logs])).not.toContain('secret');
  });
});

describe('what is sent', () => {
  it('says what the service is', async () => {
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=test,team=payments';
    const { send } = await exportingApp(
      'express',
      { resource: { 'service.version': '1.2.3', team: 'ledger' } },
      { logger: undefined, service: 'shop', format: 'json', level: 'silly' },
    );
    await send('/quick');
    await eventually(() => receiver.spans.length > 0, 'a span');
    // Nothing else: no command line, user, machine or environment.
    expect(receiver.spans[0]!.resource).toEqual({
      'service.name': 'shop',
      'service.version': '1.2.3',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'deployment.environment.name': 'test',
      team: 'ledger',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': expect.any(String),
      'process.pid': process.pid,
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
    });
    await eventually(() => receiver.logs.length > 0, 'a log record');
    expect(receiver.logs[0]!.resource).toEqual(receiver.spans[0]!.resource);
  });

  it.each(PROTOCOLS)('has no value of a field that names a secret, by %s', async (protocol) => {
    const { app } = await exportingApp('express', { protocol });
    const trace = app.get(TraceContext);
    const canary = 'of-the-vault';
    class Card {
      constructor(private readonly pan: string) {}
      toJSON(): object {
        return { pan: this.pan, accessToken: canary };
      }
    }
    const nested = {
      db: [{ 'X-Api-Key': canary, port: 5432 }],
      quote: '"password":"',
      max_tokens: 5,
    };
    await trace.run({ name: 'import' }, async () => {
      trace.set('clientSecret', canary);
      trace.span('query', () => {}, {
        'db.operation.parameter.password': canary,
        'http.request.header.authorization': [canary],
        settings: { cookie: canary },
      } as never);
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      await trace.span('thrown', () => Promise.reject({ passwd: canary, code: 7 })).catch(() => {});
      new Logger('Vault').log('opened', {
        nested,
        card: new Card('4111'),
        settings: new Map([['private_key', canary]]),
        password: { of: { depth: canary } },
        token: null,
      });
    });
    await app.close();
    expect(JSON.stringify([receiver.spans, receiver.logs])).not.toContain(canary);
    expect(logNamed('opened').attributes).toMatchObject({
      clientSecret: '[redacted]',
      nested:
        '{"db":[{"X-Api-Key":"[redacted]","port":5432}],"quote":"\\"password\\":\\"","max_tokens":5}',
      card: '{"pan":"4111","accessToken":"[redacted]"}',
      settings: '{"private_key":"[redacted]"}',
      password: '[redacted]',
      token: '[redacted]',
    });
    expect(spanNamed('query').attributes).toEqual({
      'db.operation.parameter.password': '[redacted]',
      'http.request.header.authorization': '[redacted]',
      settings: '{"cookie":"[redacted]"}',
    });
    expect(spanNamed('thrown').events).toMatchObject([
      { attributes: { 'exception.message': '{"passwd":"[redacted]","code":7}' } },
    ]);
  });

  it.each<[string, TracingModuleOptions['redact'], Record<string, unknown>]>([
    [
      'further names',
      { keys: ['IBAN', 'path', 'http_route'], replace: '***' },
      {
        log: {
          iban: '***',
          customer: '{"iban":"***","name":"Ada"}',
          password: '***',
          plan: 'gold',
        },
        span: { 'customer.iban': '***', 'customer.plan': 'gold', 'db.password': '***' },
        thrown: '{"iban":"***","password":"***","code":7}',
        root: { 'url.path': '***', 'http.route': '***' },
        error: 'teapot',
      },
    ],
    [
      'places',
      {
        paths: ['customer.*', 'error.code', 'error.message', 'handler'],
        replace: (_, path) => path.join('/'),
      },
      {
        log: {
          iban: 'DE1',
          customer: '{"iban":"customer/iban","name":"customer/name"}',
          password: 'password',
          plan: 'gold',
        },
        span: {
          'customer.iban': 'customer/iban',
          'customer.plan': 'customer/plan',
          'db.password': 'db.password',
        },
        thrown: '{"iban":"DE1","password":"error/password","code":"error/code"}',
        root: { 'url.path': '/pay', 'code.function.name': 'handler' },
        error: 'error/message',
      },
    ],
    [
      'nothing at all',
      false,
      {
        log: {
          iban: 'DE1',
          customer: '{"iban":"DE1","name":"Ada"}',
          password: 'p-1',
          plan: 'gold',
        },
        span: { 'customer.iban': 'DE1', 'customer.plan': 'gold', 'db.password': 'p-1' },
        thrown: '{"iban":"DE1","password":"p-1","code":7}',
        root: { 'url.path': '/pay', 'http.route': '/pay' },
        error: 'teapot',
      },
    ],
  ])('redacts what the application says: %s', async (_name, redact, expected) => {
    @Controller()
    class PayController {
      constructor(private readonly trace: TraceContext) {}

      @Get('pay')
      async pay(): Promise<void> {
        this.trace.set('iban', 'DE1');
        this.trace.set('password', 'p-1');
        new Logger('Pay').log('paid', { customer: { iban: 'DE1', name: 'Ada' }, plan: 'gold' });
        this.trace.span('query', () => {}, {
          'customer.iban': 'DE1',
          'customer.plan': 'gold',
          'db.password': 'p-1',
        });
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        const failing = () => Promise.reject({ iban: 'DE1', password: 'p-1', code: 7 });
        await this.trace.span('thrown', failing).catch(() => {});
        throw new Error('teapot');
      }
    }
    const { app, send, sink } = await tracedApp('fastify')
      .with({ redact })
      .of({ imports: [OtlpModule.forRoot({ url: receiver.url })], controllers: [PayController] })
      .start();
    expect((await send('/pay')).status).toBe(500);
    await sink.finishes(1);
    await app.close();
    const message = (events: unknown) =>
      (events as { attributes: Record<string, unknown> }[])[0]!.attributes['exception.message'];
    expect(logNamed('paid').attributes).toMatchObject(expected['log'] as object);
    expect(spanNamed('query').attributes).toEqual(expected['span']);
    expect(message(spanNamed('thrown').events)).toBe(expected['thrown']);
    const root = receiver.spans.find(({ kind }) => kind === 2)!;
    expect(root.attributes).toMatchObject(expected['root'] as object);
    const failed = receiver.logs.find(({ attributes }) => 'exception.message' in attributes)!;
    expect(failed.attributes['exception.message']).toBe(expected['error']);
  });

  it('has W3C trace ids, also in the log and on the response', async () => {
    const { send, sink } = await exportingApp('express');
    const response = await send('/quick', { headers: { 'x-request-id': 'opaque' } });
    const [line] = await sink.finishes(1);
    await eventually(() => receiver.spans.length > 0, 'a span');
    expect(response.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(line!.trace_id).toBe(receiver.spans[0]!.traceId);
    expect(line!.request_id).toBe('opaque');
  });

  it('has client spans by the semantic conventions, without the query', async () => {
    const { send } = await exportingApp('express');
    await send('/calls');
    await eventually(() => receiver.spans.length >= 2, 'two spans');
    const [client, server] = [spanNamed('GET'), spanNamed('GET /calls')];
    expect(client).toMatchObject({
      kind: 3,
      parentSpanId: server.spanId,
      attributes: {
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'url.path': '/nowhere',
        'http.response.status_code': 200,
      },
    });
  });

  it('goes out once when the module is imported twice', async () => {
    const twice = () => OtlpModule.forRoot({ url: receiver.url });
    @Module({ imports: [twice()] })
    class Library {}
    const { send, app } = await tracedApp('express')
      .of({
        imports: [twice(), Library],
        controllers: [MessagesController],
        providers: [MessagesService],
      })
      .start();
    await send('/quick');
    await app.close();
    expect(receiver.spans).toHaveLength(1);
    expect(receiver.logs.filter(({ body }) => body === 'Request finished')).toHaveLength(1);
  });

  it('does not trace its own requests', async () => {
    const { send } = await exportingApp('express');
    await send('/quick');
    await eventually(() => receiver.spans.length > 0, 'a span');
    await sleep(100);
    expect(receiver.requests.some(({ headers }) => 'traceparent' in headers)).toBe(false);
    expect(receiver.spans.map(({ name }) => name)).toEqual(['GET /quick']);
  });

  it('omits the spans of a trace that its caller does not sample, but not its log', async () => {
    const { send } = await exportingApp('express');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    await send('/quick', { headers: { traceparent } });
    await send('/quick');
    const [, unsampled] = traceparent.split('-');
    await eventually(() => receiver.logs.some((log) => log.traceId === unsampled), 'its log');
    await eventually(() => receiver.spans.length > 0, 'a span');
    expect(receiver.spans.map(({ traceId }) => traceId)).not.toContain(unsampled);
  });

  it.each([
    [{ traces: false }, 0, 1],
    [{ logs: false }, 1, 0],
  ])('%j', async (options, spans, logs) => {
    const { send, sink, app } = await exportingApp('express', options);
    await send('/quick');
    await sink.finishes(1);
    await app.close();
    expect([Math.min(receiver.spans.length, 1), Math.min(receiver.logs.length, 1)]).toEqual([
      spans,
      logs,
    ]);
  });

  it.each(PROTOCOLS)('has values that cannot be encoded as text, by %s', async (protocol) => {
    const { send, sink } = await exportingApp('express', { protocol });
    await send('/odd');
    await sink.finishes(1);
    await eventually(() => logNamed('odd') !== undefined, 'the log');
    await eventually(() => spanNamed('odd') !== undefined, 'the span');
    const attributes = {
      cyclic: '{"self":"[Circular]"}',
      nan: 'NaN',
      huge: '1e+300',
      big: '5',
      half: 0.5,
    };
    expect(spanNamed('odd').attributes).toEqual(attributes);
    expect(spanNamed('text').events).toMatchObject([
      { name: 'exception', attributes: { 'exception.message': 'thrown text' } },
    ]);
    expect(logNamed('odd').attributes).toMatchObject(attributes);
  });

  it('says when it happened by the clock of the system, which may be set', async () => {
    const { send } = await exportingApp('express');
    const tomorrow = Date.now() + 86_400_000;
    const now = jest.spyOn(Date, 'now').mockReturnValue(tomorrow);
    try {
      await send('/messages/7');
      await eventually(() => receiver.spans.length >= 2, 'the spans');
    } finally {
      now.mockRestore();
    }
    for (const { startTimeUnixNano: start, endTimeUnixNano: end } of receiver.spans) {
      expect(Math.abs(Number(BigInt(start) / 1_000_000n) - tomorrow)).toBeLessThan(1000);
      expect(BigInt(end) - BigInt(start)).toBeLessThan(1_000_000_000n);
    }
  });

  it.each<[Record<string, string>, OtlpModuleOptions, boolean, boolean]>([
    [{ OTEL_SDK_DISABLED: 'True' }, { traces: true }, false, false],
    [{ OTEL_SDK_DISABLED: 'yes' }, {}, true, true],
    [{ OTEL_TRACES_EXPORTER: 'none' }, {}, false, true],
    [{ OTEL_LOGS_EXPORTER: 'none' }, {}, true, false],
    [{ OTEL_TRACES_EXPORTER: 'none' }, { traces: true }, true, true],
    [{ OTEL_TRACES_EXPORTER: '', OTEL_LOGS_EXPORTER: 'otlp' }, {}, true, true],
  ])('is as the environment wants: %j, beside %j', async (env, options, spans, logs) => {
    Object.assign(process.env, env);
    const { send, sink, app } = await exportingApp('express', options);
    await send('/quick');
    await sink.finishes(1);
    await app.close();
    expect([receiver.spans.length > 0, receiver.logs.length > 0]).toEqual([spans, logs]);
  });

  it.each(['', '0', '-1', 'many', '1e99'])('does not depend on numbers such as "%s"', async (n) => {
    for (const prefix of ['OTEL_BSP', 'OTEL_BLRP']) {
      for (const limit of ['MAX_QUEUE_SIZE', 'MAX_EXPORT_BATCH_SIZE', 'EXPORT_TIMEOUT']) {
        process.env[`${prefix}_${limit}`] = n;
      }
    }
    const { send, sink, app } = await exportingApp('express');
    await send('/quick');
    await sink.finishes(1);
    await app.close();
    expect(receiver.spans.map(({ name }) => name)).toEqual(['GET /quick']);
    expect(logNamed('Request finished')).toBeDefined();
  });

  it('is sent to the endpoint of the environment, with its headers and encoding', async () => {
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
    process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'api-key=from-the-environment';
    process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json';
    const { send } = await exportingApp('express', { url: undefined });
    await send('/quick');
    await eventually(() => receiver.spans.length > 0, 'a span');
    expect(receiver.requests[0]!.headers).toMatchObject({
      'api-key': 'from-the-environment',
      'content-type': 'application/json',
    });
  });

  it('carries the headers that the module was given', async () => {
    const { send } = await exportingApp('express', { headers: { 'x-key': 'k' } });
    await send('/quick');
    await eventually(() => receiver.spans.length > 0, 'a span');
    expect(receiver.requests[0]!.headers['x-key']).toBe('k');
  });
});

describe('a collector', () => {
  /** The default of the exporters. */
  const EXPORT_TIMEOUT_MS = 10_000;

  /** Sends requests and returns how long the slowest took, in milliseconds. */
  async function load(send: (path: string) => Promise<Response>, count: number): Promise<number> {
    let slowest = 0;
    for (let i = 0; i < count; i += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const began = performance.now();
          expect((await send('/quick')).status).toBe(200);
          slowest = Math.max(slowest, performance.now() - began);
        }),
      );
    }
    return slowest;
  }

  it('that is slow does not slow requests; what does not fit is counted and reported once', async () => {
    for (const variable of ['BSP', 'BLRP']) {
      process.env[`OTEL_${variable}_MAX_QUEUE_SIZE`] = '50';
      process.env[`OTEL_${variable}_MAX_EXPORT_BATCH_SIZE`] = '10';
    }
    receiver.answer = () => false; // never answers
    const { send, app } = await exportingApp('express', { shutdownTimeout: 100 });
    // One that waited for an export would wait for its timeout.
    expect(await load(send, 400)).toBeLessThan(EXPORT_TIMEOUT_MS / 2);
    // More at once than fits, however slow the requests were.
    expect((await send('/many')).status).toBe(200);
    await eventually(() => queueOf('traces').dropped > 100, 'spans that do not fit');
    const traces = queueOf('traces');
    expect(traces.queued).toBeLessThanOrEqual(50);
    expect(traces.exported).toBe(0);
    const reported = warnings.mock.calls.filter(([text]) =>
      String(text).includes('traces are dropped'),
    );
    expect(reported).toHaveLength(1);
    const began = performance.now();
    await app.close();
    expect(performance.now() - began).toBeLessThan(EXPORT_TIMEOUT_MS / 2);
  });

  it.each([
    ['refuses', 400],
    ['has no such path', 404],
    ['is broken', 500],
  ])('that %s fails no request, and is reported once', async (_what, status) => {
    receiver.answer = (response) => {
      response.writeHead(status).end();
      return false;
    };
    const { send } = await exportingApp('express');
    await load(send, 40);
    await eventually(() => queueOf('traces').failed > 0, 'the failure');
    await load(send, 40);
    await sleep(60);
    const reported = warnings.mock.calls.filter(([text]) =>
      String(text).includes('traces could not'),
    );
    expect(reported).toHaveLength(1);
  });

  it.each([429, 503])('that answers %i with Retry-After gets the batch again', async (status) => {
    let refused = 0;
    receiver.answer = (response) => {
      if (refused++ < 2) {
        response.writeHead(status, { 'retry-after': '0' }).end();
        return false;
      }
      response.writeHead(200).end();
      return true;
    };
    const { send } = await exportingApp('express', { logs: false });
    await send('/quick');
    await eventually(() => receiver.spans.length > 0, 'the span');
    expect(receiver.spans).toHaveLength(1);
    expect(refused).toBeGreaterThanOrEqual(3);
    await eventually(() => queueOf('traces').exported === 1, 'the count');
  });

  it('that cuts the connection, or is not there, fails no request', async () => {
    receiver.answer = (response) => {
      response.socket?.destroy();
      return false;
    };
    const cut = await exportingApp('express', { shutdownTimeout: 200 });
    await load(cut.send, 20);
    await cut.app.close();
    const absent = await exportingApp('fastify', {
      url: 'http://127.0.0.1:9',
      shutdownTimeout: 200,
    });
    await load(absent.send, 20);
    const began = performance.now();
    await absent.app.close();
    expect(performance.now() - began).toBeLessThan(EXPORT_TIMEOUT_MS / 2);
  });

  it('gets at shutdown what still waits', async () => {
    process.env['OTEL_BSP_SCHEDULE_DELAY'] = '60000';
    process.env['OTEL_BLRP_SCHEDULE_DELAY'] = '60000';
    const { send, sink, app } = await exportingApp('express');
    await Promise.all(Array.from({ length: 30 }, () => send('/quick')));
    await sink.finishes(30);
    expect(receiver.spans).toEqual([]);
    await app.close();
    expect(receiver.spans).toHaveLength(30);
    expect(receiver.logs.filter(({ body }) => body === 'Request finished')).toHaveLength(30);
  });
});

describe('an option', () => {
  it.each<[unknown]>([
    [{ url: 'collector:4318' }],
    [{ url: 7 }],
    [{ protocol: 'grpc' }],
    [{ headers: 'a=b' }],
    [{ headers: { a: {} } }],
    [{ traces: 'yes' }],
    [{ resource: [] }],
    [{ shutdownTimeout: -1 }],
    [{ shutdownTimeout: Infinity }],
    [{ shutdownTimeout: '5000' }],
  ])('that is wrong stops the application: %j', (options) => {
    expect(() => OtlpModule.forRoot(options as OtlpModuleOptions)).toThrow(
      expect.objectContaining({ name: 'TracingConfigError', code: 'INVALID_OTLP_OPTION' }),
    );
  });

  it('that another library has is named by the right name', () => {
    const options = { endpoint: 'http://localhost:4318' } as OtlpModuleOptions;
    expect(() => OtlpModule.forRoot(options)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_OPTION', fix: 'did you mean `url`?' }),
    );
  });
});
