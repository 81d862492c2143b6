import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Logger, Param, type INestApplication } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom, of, throwError, type Observable } from 'rxjs';
import {
  TraceContext,
  type ConsumedHeaders,
  type ConsumedWork,
  TracingLogger,
} from '../../src/index.js';
import { LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;
const WORK = { transport: 'kafka', pattern: 'orders' } as const;
const HEADERS = { traceparent: TRACEPARENT, 'x-request-id': 'req-7', 'x-session-id': 'ses-7' };

@Controller()
class FetchingController {
  private readonly logger = new Logger('Fetching');

  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  /** Fetches messages in a request. */
  @Get('fetch/:n')
  async fetch(@Param('n') n: string) {
    this.trace.set('outer', n);
    const headers = { 'x-request-id': `message-${n}` };
    const inner = await this.trace.consume(headers, WORK, async () => {
      this.logger.log('inner', { n });
      await sleep(Number(n) % 5);
      return { traceId: this.trace.traceId, outer: this.trace.get('outer') };
    });
    return { inner, own: this.trace.traceId };
  }
}

describe.each(PLATFORMS)('a message that was fetched by hand, on %s', (platform) => {
  const sink = new LineSink();
  let app: INestApplication;
  let url: string;
  let trace: TraceContext;

  // One application for all tests: the builder would close it after the first.
  beforeAll(async () => {
    app = await tracedApp(platform, sink)
      .of({ controllers: [FetchingController] })
      .create();
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    trace = app.get(TraceContext);
  });
  beforeEach(() => sink.clear());
  afterAll(() => app.close());

  const ended = (message = 'Message finished'): Line[] => sink.linesOf(message);
  /** The line of a message that does nothing. */
  const lineOf = (headers: unknown, work: unknown = WORK, message?: string): Line => {
    const before = ended(message).length;
    trace.consume(headers as ConsumedHeaders, work as ConsumedWork, () => 1);
    const [line, ...more] = ended(message).slice(before);
    expect(more).toEqual([]);
    return line!;
  };

  const forms: [string, unknown][] = [
    ['an object', HEADERS],
    ['an object without a prototype', Object.assign(Object.create(null) as object, HEADERS)],
    ['bytes', mapped((value) => Buffer.from(value))],
    ['typed bytes', mapped((value) => new TextEncoder().encode(value))],
    ['lists of one', mapped((value) => [Buffer.from(value)])],
    ['a map', new Map(Object.entries(HEADERS))],
    ['Headers', new Headers(HEADERS)],
    ['frozen', Object.freeze({ ...HEADERS })],
    ['headers of NATS', natsHeaders(Object.entries(HEADERS))],
    ['with others beside', { ...HEADERS, other: {}, list: [1], nothing: undefined }],
  ];
  it.each(forms)('continues the trace of its sender, from %s', (_form, headers) => {
    expect(lineOf(headers)).toMatchObject({
      level: 'info',
      trace_id: TRACE_ID,
      request_id: 'req-7',
      session_id: 'ses-7',
      parent_span_id: PARENT_ID,
      transport: 'kafka',
      pattern: 'orders',
      outcome: 'completed',
    });
  });

  const hostile: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a text', TRACEPARENT],
    ['a number', 7],
    ['a list', [TRACEPARENT]],
    ['a function', () => TRACEPARENT],
    ['twice', { traceparent: [TRACEPARENT, TRACEPARENT], 'x-request-id': ['a', 'b'] }],
    [
      'twice in Headers',
      new Headers([
        ['traceparent', TRACEPARENT],
        ['traceparent', TRACEPARENT],
      ]),
    ],
    [
      'twice in NATS',
      natsHeaders([
        ['traceparent', TRACEPARENT],
        ['traceparent', TRACEPARENT],
      ]),
    ],
    ['too long', { traceparent: 'a'.repeat(100_000), 'x-request-id': 'a'.repeat(129) }],
    ['control characters', { traceparent: `${TRACEPARENT}\r\n`, 'x-request-id': 'a\u0000b' }],
    ['no text', { traceparent: 7, 'x-request-id': {}, 'x-session-id': Symbol('a') }],
    ['bytes that are no text', { traceparent: Buffer.from([0xff, 0, 0xfe]) }],
    ['inherited', Object.create(HEADERS)],
    ['prototype keys', JSON.parse(`{"__proto__":${JSON.stringify(HEADERS)}}`)],
    ['texts in the place of methods', { get: TRACEPARENT, values: TRACEPARENT, hasOwnProperty: 1 }],
    ['methods that throw', { get: () => raise(), values: (name: string) => raise(name) }],
    ['getters that throw', Object.defineProperty({}, 'traceparent', { get: raise })],
    ['a revoked proxy', revoked()],
    ['a promise', Promise.resolve(HEADERS)],
  ];
  it.each(hostile)('begins a trace for headers that are none: %s', (_what, headers) => {
    const line = lineOf(headers);
    expect(line).not.toHaveProperty('parent_span_id');
    expect(line.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(line.trace_id).not.toBe(TRACE_ID);
    expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(line.session_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  const works: [string, ConsumedWork, string, object][] = [
    [
      'a message',
      { ...WORK, attempt: 3, handler: 'Orders.on' },
      'Message finished',
      { pattern: 'orders', attempt: 3, handler: 'Orders.on' },
    ],
    [
      'a job',
      { transport: 'redis', queue: 'mail', job: 'welcome' },
      'Job finished',
      { queue: 'mail', job: 'welcome' },
    ],
    [
      'a job without a name',
      { transport: 'sqs', queue: 'mail', attempt: 1 },
      'Job finished',
      { queue: 'mail', attempt: 1 },
    ],
    [
      'a message that says so',
      { ...WORK, kind: 'message' },
      'Message finished',
      { pattern: 'orders' },
    ],
  ];
  it.each(works)('is told as what it is: %s', (_what, work, message, fields) => {
    expect(lineOf({}, work, message)).toMatchObject({ transport: work.transport, ...fields });
  });

  it.each([
    ['null', null],
    ['nothing', {}],
    ['a text', 'kafka'],
    [
      'wrong types',
      { transport: 7, pattern: {}, queue: [], job: Symbol('a'), attempt: '2', handler: 1 },
    ],
    ['impossible numbers', { transport: '', pattern: '', attempt: -1 }],
    ['not a number', { attempt: Number.NaN }],
    [
      'a getter that throws',
      Object.defineProperty({}, 'transport', { get: raise, enumerable: true }),
    ],
  ])('runs although the work is not described: %s', (_what, work) => {
    const line = lineOf(HEADERS, work);
    expect(line).toMatchObject({ transport: 'manual', trace_id: TRACE_ID, outcome: 'completed' });
    for (const name of ['pattern', 'queue', 'job', 'attempt', 'handler']) {
      expect(line).not.toHaveProperty(name);
    }
  });

  it('returns what the function returns, and ends with it', async () => {
    expect(trace.consume({}, WORK, () => 7)).toBe(7);
    expect(ended()).toHaveLength(1);
    const promised = trace.consume({}, WORK, async () => {
      await sleep(5);
      return 8;
    });
    expect(ended()).toHaveLength(1);
    expect(await promised).toBe(8);
    expect(ended()).toHaveLength(2);
    const observed: Observable<number> = trace.consume({}, WORK, () => of(9));
    expect(await firstValueFrom(observed)).toBe(9);
    expect(ended()).toHaveLength(3);
  });

  it('throws what the function throws, and is errored', async () => {
    const error = Object.freeze(new Error('refused'));
    const thrown = (fn: () => unknown): unknown => {
      try {
        return fn();
      } catch (caught) {
        return { caught };
      }
    };
    expect(thrown(() => trace.consume({}, WORK, () => raise(error)))).toEqual({ caught: error });
    await expect(trace.consume({}, WORK, () => Promise.reject(error))).rejects.toBe(error);
    await expect(
      firstValueFrom(trace.consume({}, WORK, () => throwError(() => error))),
    ).rejects.toBe(error);
    await expect(trace.consume({}, WORK, () => Promise.reject('text' as never))).rejects.toBe(
      'text',
    );
    expect(ended()).toHaveLength(4);
    for (const line of ended()) expect(line).toMatchObject({ level: 'error', outcome: 'errored' });
    expect(ended()[1]!['error']).toMatchObject({ name: 'Error', message: 'refused' });
  });

  it('is no part of the request in which it is fetched', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const response = await fetch(`${url}/fetch/${n}`, {
          headers: { 'x-request-id': `web-${n}` },
        });
        return (await response.json()) as {
          inner: { traceId: string; outer?: string };
          own: string;
        };
      }),
    );
    for (const [n, { inner, own }] of answers.entries()) {
      expect(inner).toEqual({ traceId: `message-${n}` });
      expect(own).toBe(`web-${n}`);
    }
    const inner = sink.linesOf('inner');
    expect(inner).toHaveLength(40);
    for (const line of inner) {
      expect(line.trace_id).toBe(`message-${String(line['n'])}`);
      expect(line).not.toHaveProperty('outer');
    }
    expect(ended()).toHaveLength(40);
    expect(new Set(ended().map(({ trace_id }) => trace_id)).size).toBe(40);
  });

  it('carries on to what `headers` makes, and back', () => {
    const sent = trace.consume(HEADERS, WORK, () => trace.headers());
    expect(sent['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    expect(lineOf(sent)).toMatchObject({
      trace_id: TRACE_ID,
      request_id: 'req-7',
      parent_span_id: sent['traceparent']!.split('-')[2],
    });
  });
});

it('continues nothing of a sender who is not trusted', async () => {
  const { app, sink } = await tracedApp('express').with({ trustIncoming: false }).start();
  app.get(TraceContext).consume(HEADERS, WORK, () => 1);
  const [line] = sink.linesOf('Message finished');
  expect(line).toMatchObject({ outcome: 'completed', pattern: 'orders' });
  expect(line!.trace_id).not.toBe(TRACE_ID);
});

it('is refused by TypeScript where it is not described', () => {
  // Not called: the compiler is the test.
  const refused = (trace: TraceContext): void => {
    // @ts-expect-error: it has to be described.
    trace.consume({}, {}, () => 1);
    // @ts-expect-error: it has no name.
    trace.consume({}, { transport: 'kafka' }, () => 1);
    // @ts-expect-error: a message has no job.
    trace.consume({}, { transport: 'kafka', pattern: 'orders', job: 'one' }, () => 1);
    // @ts-expect-error: attempts are counted.
    trace.consume({}, { transport: 'kafka', pattern: 'orders', attempt: '1' }, () => 1);
    // @ts-expect-error: a job needs its queue.
    trace.consume({}, { transport: 'redis', job: 'one' }, () => 1);
    // @ts-expect-error: no headers.
    trace.consume('headers', { transport: 'kafka', pattern: 'orders' }, () => 1);
  };
  expect(refused).toBeDefined();
});

function mapped(change: (value: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name, change(value)]));
}

/** With the methods of the headers of NATS. */
function natsHeaders(entries: [string, string][]): object {
  const all = (name: string): string[] =>
    entries.filter(([key]) => key === name).map(([, value]) => value);
  return {
    get: (name: string): string => all(name)[0] ?? '',
    values: (name: string): string[] => all(name),
  };
}

function raise(error: unknown = new Error('hostile')): never {
  throw error;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
