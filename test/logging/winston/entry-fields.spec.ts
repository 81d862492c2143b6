import { describe, expect, it, jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import winston, { createLogger, format, transports, type Logform, type Logger } from 'winston';
import LokiTransport from 'winston-loki';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceFormat } from '../../../src/logging/formats/trace-format.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { TracingTransport } from '../../../src/logging/output/tracing-transport.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { TracingLogger } from '../../../src/logging/winston/tracing-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { eventually, LineSink } from '../../support/line-sink.js';

type WinstonTransport = Logger['transports'][number];
type Entry = Record<string | symbol, unknown>;
const { Transport } = winston as unknown as {
  Transport: new (options?: object) => WinstonTransport;
};

const W3C = '0af7651916cd43dd8448eb211c80319c';
const { policy } = resolveOptions();

function inTrace(requestId: string, fn: () => void): void {
  const carrier = { traceId: W3C, requestId, sessionId: 'session-1' };
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  trace.setField('user', 'alice');
  runWithTrace(trace, fn);
}

/** Keeps the entries that it is given, as a store of fields would. */
class Store extends Transport {
  readonly given: Entry[] = [];

  override log(entry: Entry, next: () => void): void {
    this.given.push(entry);
    next();
  }

  /** The fields as they would be stored: with what JSON makes of them. */
  get rows(): Entry[] {
    return this.given.map((entry) => JSON.parse(JSON.stringify(entry)) as Entry);
  }
}

function storeUnder(own: Logform.Format, options?: object) {
  const store = new Store(options);
  const logger = traceLogger(createLogger({ level: 'silly', format: own, transports: store }));
  return { logger, store, nest: new TracingLogger(logger) };
}

const STANDARD = { trace_id: W3C, request_id: 'r-1', session_id: 'session-1' };
const ECS = { 'trace.id': W3C, 'http.request.id': 'r-1', 'labels.session_id': 'session-1' };

const FORMATS: Record<string, readonly [make: () => Logform.Format, ids: object]> = {
  'traceJson()': [() => traceJson(), STANDARD],
  'traceText()': [() => traceText(), STANDARD],
  'traceFormat() and json()': [() => format.combine(traceFormat(), format.json()), STANDARD],
  'json()': [() => format.json(), STANDARD],
  'combine() with traceJson()': [() => format.combine(format.timestamp(), traceJson()), STANDARD],
  'traceJson() of otel': [() => traceJson({ preset: 'otel' }), { ...STANDARD, trace_flags: '01' }],
  'traceJson() of ecs': [() => traceJson({ preset: 'ecs' }), ECS],
  'traceFormat() of ecs': [() => traceFormat({ preset: 'ecs' }), ECS],
  'traceJson() of gcp': [
    () => traceJson({ preset: 'gcp' }),
    { 'logging.googleapis.com/trace': W3C, request_id: 'r-1', severity: 'ERROR' },
  ],
  'traceJson() of datadog': [
    () => traceJson({ preset: 'datadog' }),
    { 'dd.trace_id': W3C, request_id: 'r-1', status: 'error' },
  ],
};

describe.each(Object.entries(FORMATS))('under %s', (_name, [make, ids]) => {
  it('a transport that reads fields gets ids, fields, level and message', () => {
    const { logger, store } = storeUnder(make());
    inTrace('r-1', () => logger.error('not paid', { amount: 12, nested: { list: [1] } }));
    const [row] = store.rows;
    expect(row).toMatchObject({
      ...ids,
      level: 'error',
      message: 'not paid',
      amount: 12,
      nested: { list: [1] },
      user: 'alice',
    });
    expect(store.given[0]![Symbol.for('level')]).toBe('error');
  });

  it('gives a transport errors whole, wherever they are', () => {
    const { logger, nest, store } = storeUnder(make());
    const error = new TypeError('table is locked', { cause: new Error('the disk is slow') });
    inTrace('r-1', () => {
      nest.error('one', error);
      nest.error(error);
      logger.error('two', { error, deep: { list: [error] } });
      logger.log({ level: 'error', message: error as unknown as string });
      logger.error('three', error);
    });
    expect(store.rows).toHaveLength(5);
    for (const row of store.rows) {
      const text = JSON.stringify(row);
      expect(typeof row['message']).toBe('string');
      expect(text).toContain('table is locked');
      expect(text).toContain('entry-fields.spec');
      expect(text).toContain('the disk is slow');
    }
    const { deep } = store.rows[2] as { deep: { list: object[] } };
    expect(deep.list).toEqual([
      expect.objectContaining({ name: 'TypeError', message: 'table is locked' }),
    ]);
  });

  it('a copy, a spread and the keys of the entry have the ids too', () => {
    const { logger, store } = storeUnder(make());
    inTrace('r-1', () => logger.error('not paid'));
    const entry = store.given[0]!;
    for (const copy of [{ ...entry }, Object.assign({}, entry), structuredClone({ ...entry })]) {
      expect(copy).toMatchObject(ids);
    }
    expect(Object.keys(entry)).toEqual(expect.arrayContaining(Object.keys(ids)));
  });
});

describe('under splat() of winston, which copies the arguments to the entry again', () => {
  it.each<[string, () => Logform.Format]>([
    ['splat()', () => format.splat()],
    ['splat() and json()', () => format.combine(format.splat(), format.json())],
    ['splat() and traceJson()', () => format.combine(format.splat(), traceJson())],
    ['traceFormat() and splat()', () => format.combine(traceFormat(), format.splat())],
  ])('%s: neither ids nor errors are lost', (_name, make) => {
    const { logger, store } = storeUnder(make());
    const error = new Error('the table is locked');
    inTrace('r-1', () => {
      logger.warn('not paid', { request_id: 'forged', trace_id: 'forged', why: { error } });
      logger.warn('%s not paid', 'order 7', { request_id: 'forged', amount: 12 });
    });
    const [first, second] = store.rows;
    expect(first).toMatchObject({
      ...STANDARD,
      why: { error: { name: 'Error', message: 'the table is locked', stack: expect.any(String) } },
    });
    expect(second).toMatchObject({ ...STANDARD, message: 'order 7 not paid', amount: 12 });
  });
});

describe('under traceJson()', () => {
  const NO_IDS = { trace_id: '-', request_id: '-', session_id: '-', span_id: '-' };

  it('an entry outside of a request has no ids, as its line has', () => {
    const { logger, store } = storeUnder(traceJson());
    logger.info('started');
    expect(store.rows[0]).toMatchObject(NO_IDS);
  });

  it('a transport changes the entry of no other', () => {
    const first = new Store();
    const sink = new LineSink();
    const second = new Store();
    first.log = (entry: Entry, next: () => void) => {
      for (const key of Object.keys(entry)) delete entry[key];
      next();
    };
    const logger = traceLogger(
      createLogger({
        format: traceJson(),
        transports: [first, new transports.Stream({ stream: sink }), second],
      }),
    );
    inTrace('r-1', () => logger.info('paid'));
    expect(sink.lines).toMatchObject([{ message: 'paid', request_id: 'r-1' }]);
    expect(second.rows).toMatchObject([{ message: 'paid', request_id: 'r-1' }]);
  });

  it.each<[string, () => Logform.Format]>([
    ['traceJson()', () => traceJson({ preset: 'otel' })],
    ['json()', () => format.json()],
    ['a format of its own', () => format((info) => info)()],
  ])('a transport with %s gets the ids', (_name, own) => {
    const { logger, store } = storeUnder(traceJson(), { format: own() });
    inTrace('r-1', () => logger.info('paid'));
    expect(store.rows).toMatchObject([{ message: 'paid', ...STANDARD, user: 'alice' }]);
  });

  it.each<[string, (sink: LineSink) => WinstonTransport]>([
    ['winston’s own', (sink) => new transports.Stream({ stream: sink, format: format.json() })],
    [
      'one that is added to another',
      (sink) =>
        new transports.Stream({
          stream: sink,
          format: format.combine(format.timestamp(), format.json()),
        }),
    ],
  ])('%s line transport with json() writes the ids', (_name, make) => {
    const sink = new LineSink();
    const logger = traceLogger(
      createLogger({ format: traceJson({ preset: 'ecs' }), transports: make(sink) }),
    );
    inTrace('r-1', () => logger.info('paid'));
    expect(sink.lines).toMatchObject([{ message: 'paid', ...ECS }]);
  });

  it('a TracingTransport with json() writes the ids', () => {
    const written: string[] = [];
    const transport = new TracingTransport({ format: format.json() });
    jest
      .spyOn(transport as unknown as { take(entry: object, line: string): void }, 'take')
      .mockImplementation((_entry, line) => void written.push(line));
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    inTrace('r-1', () => logger.info('paid'));
    expect(JSON.parse(written[0]!)).toMatchObject({ message: 'paid', ...STANDARD });
  });

  it('a transport that takes many entries at once gets the ids of each', async () => {
    const rows: Entry[] = [];
    const transport = new Store();
    transport.log = (entry: Entry, next: () => void) => {
      rows.push(entry);
      setTimeout(next, 5);
    };
    Object.assign(transport, {
      logv: (chunks: { chunk: Entry; callback: () => void }[], next: () => void) => {
        for (const { chunk } of chunks) rows.push(chunk);
        next();
      },
    });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    for (let i = 0; i < 5; i++) inTrace(`r-${i}`, () => logger.info(`m-${i}`));
    await eventually(() => rows.length === 5, 'the entries');
    expect(rows).toMatchObject(
      [0, 1, 2, 3, 4].map((i) => ({ message: `m-${i}`, request_id: `r-${i}` })),
    );
  });

  it('a transport of winston 2 gets the ids', () => {
    jest.spyOn(console, 'error').mockImplementation(() => {});
    const rows: unknown[] = [];
    const legacy = Object.assign(new Store(), {
      name: 'legacy',
      log: (level: string, message: string, { request_id }: Entry, _next: () => void) =>
        void rows.push({ level, message, request_id }),
    });
    const logger = traceLogger(
      createLogger({ format: traceJson(), transports: legacy as unknown as WinstonTransport }),
    );
    inTrace('r-1', () => logger.info('paid'));
    expect(rows).toEqual([{ level: 'info', message: 'paid', request_id: 'r-1' }]);
  });

  it('a stream of objects gets the ids', () => {
    const rows: Entry[] = [];
    const stream = new Writable({
      objectMode: true,
      write: (entry: Entry, _encoding, next) => {
        rows.push(entry);
        next();
      },
    });
    const logger = traceLogger(
      createLogger({ format: traceJson(), transports: new transports.Stream({ stream }) }),
    );
    inTrace('r-1', () => logger.info('paid'));
    expect(rows).toMatchObject([{ message: 'paid', request_id: 'r-1' }]);
  });
});

describe('a transport that sends entries over HTTP', () => {
  async function receiver() {
    const bodies: string[] = [];
    const server: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        bodies.push(body);
        response.statusCode = 204;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = () => {
      server.closeAllConnections();
      server.close();
    };
    return { bodies, port, close };
  }

  const formats: [string, () => Logform.Format][] = [
    ['traceJson()', () => traceJson()],
    ['traceText()', () => traceText()],
    ['json()', () => format.json()],
  ];

  it.each(formats)('winston-loki under %s: ids and errors are in the line', async (_name, own) => {
    const { bodies, port, close } = await receiver();
    const loki = new LokiTransport({
      host: `http://127.0.0.1:${port}`,
      json: true,
      batching: false,
      labels: { app: 'shop' },
    });
    const logger = traceLogger(createLogger({ format: own(), transports: loki }));
    try {
      inTrace('r-1', () => logger.error('not paid', { error: new Error('table is locked') }));
      await eventually(() => bodies.length === 1, 'the push');
      const { streams } = JSON.parse(bodies[0]!) as { streams: { values: [string, string][] }[] };
      const line = streams[0]!.values[0]![1];
      expect(line).toContain('not paid');
      expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({
        ...STANDARD,
        error: { name: 'Error', message: 'table is locked' },
      });
    } finally {
      logger.close();
      close();
    }
  });

  it.each(formats)(
    'winston’s Http under %s: ids and errors are in the body',
    async (_name, own) => {
      const { bodies, port, close } = await receiver();
      const logger = traceLogger(
        createLogger({
          format: own(),
          transports: new transports.Http({ host: '127.0.0.1', port }),
        }),
      );
      try {
        inTrace('r-1', () => logger.error('not paid', { error: new Error('table is locked') }));
        await eventually(() => bodies.length === 1, 'the post');
        expect(JSON.parse(bodies[0]!)).toMatchObject({
          message: 'not paid',
          ...STANDARD,
          error: { name: 'Error', message: 'table is locked' },
        });
      } finally {
        close();
      }
    },
  );
});
