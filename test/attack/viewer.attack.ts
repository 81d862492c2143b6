import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import {
  attributes,
  encoded,
  ENCODINGS,
  log,
  logsOf,
  span,
  tracesOf,
} from '../viewer/receiver/otlp-bodies.js';
import { ask, askWithoutToken } from '../viewer/support.js';
import { attackedApp } from './attacked-app.js';
import { rawRequest, statusesOf } from './raw-request.js';

// Who may see the trace viewer, and what may be sent to it.

const CANARY = 'canary-of-a-line';

@Controller()
class LineController {
  @Get()
  get(): string {
    new Logger('Lines').log(CANARY);
    return 'ok';
  }
}

/** Requests without the token, as proxies, pages of other sites and programs send them. */
const STRANGERS: readonly { name: string; headers?: Record<string, string>; query?: string }[] = [
  { name: 'a program of this machine' },
  { name: 'nginx, without any header', headers: { Connection: 'close' } },
  {
    name: 'nginx, with the configuration for WebSockets',
    headers: { Upgrade: 'websocket', Connection: 'upgrade' },
  },
  { name: 'haproxy and socat', headers: { Host: 'localhost' } },
  {
    name: 'a proxy that says so',
    headers: { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' },
  },
  {
    name: 'a client of a proxy that says it is loopback',
    headers: { 'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '127.0.0.1' },
  },
  { name: 'DNS rebinding', headers: { Host: 'evil.example' } },
  {
    name: 'another site',
    headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  },
  { name: 'a wrong bearer', headers: { Authorization: `Bearer ${'0'.repeat(48)}` } },
  { name: 'an empty bearer', headers: { Authorization: 'Bearer ' } },
  {
    name: 'a name of Object.prototype',
    headers: { Authorization: 'Bearer constructor', Cookie: '__proto__=1; constructor=1' },
  },
  { name: 'wrong cookies', headers: { Cookie: `nestjs-tracing=${'0'.repeat(48)}; token=x` } },
  { name: 'a wrong token in the query', query: `?token=${'0'.repeat(48)}` },
  { name: 'tokens without end', query: `?${'token=a&'.repeat(900)}` },
  { name: 'a token that is an array', query: '?token[]=a&token[length]=48' },
];
const PLACES = [
  '',
  '/',
  '/stream',
  '/page.js',
  '/mcp',
  '/levels',
  '/v1/',
  '/../_traces/stream',
  '//stream',
  '/%73tream',
];

describe.each(PLATFORMS)('strangers', (platform) => {
  const attacked = attackedApp(platform, (app) =>
    app.of({ imports: [TraceViewerModule.forRoot()], controllers: [LineController] }),
  );
  beforeAll(async () => void (await fetch(attacked.url)));

  it.each(STRANGERS)(`on ${platform}: $name`, async ({ headers, query = '' }) => {
    for (const place of PLACES) {
      const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      const bytes = `GET /_traces${place}${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
      const answer = await rawRequest(attacked.port, bytes);
      expect([place, statusesOf(answer)[0]]).toEqual([place, expect.any(Number)]);
      expect([place, statusesOf(answer)[0]! >= 400]).toEqual([place, true]);
      expect(answer).not.toContain(CANARY);
    }
  });

  it(`on ${platform}: a page of another site that sends`, async () => {
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${attacked.port}`]) {
      const sent = { Origin: origin, 'Content-Type': 'application/json' };
      const { status } = await askWithoutToken(attacked.port, '/_traces/v1/logs', sent, {
        method: 'POST',
        body: '{}',
      });
      expect(status).toBeGreaterThanOrEqual(400);
    }
    const own = { 'Content-Type': 'application/json' };
    const { status } = await askWithoutToken(attacked.port, '/_traces/v1/logs', own, {
      method: 'POST',
      body: '{}',
    });
    expect(status).toBe(200);
  });
});

describe('environments', () => {
  const { NODE_ENV } = process.env;
  afterEach(() => {
    process.env['NODE_ENV'] = NODE_ENV;
  });

  it.each([
    'production',
    'prod',
    'Production',
    'staging',
    'live',
    'prd',
    'development ',
    'constructor',
  ])('NODE_ENV=%s needs `authorize`', async (name) => {
    process.env['NODE_ENV'] = name;
    const start = async (): Promise<unknown> =>
      tracedApp('express')
        .of({ imports: [TraceViewerModule.forRoot()] })
        .start();
    await expect(start()).rejects.toMatchObject({ name: 'TracingConfigError' });
  });
});

/** Reproducible: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const RICH = {
  attributes: attributes({ 'http.request.method': 'GET', list: ['a', { b: [1] }], n: 7n }),
};
const REQUESTS = {
  traces: tracesOf([span({ kind: 2, ...RICH }), span(RICH)]),
  logs: logsOf([log({ ...RICH, body: { stringValue: 'text' } })]),
} as const;

interface OtlpAttack {
  readonly name: string;
  readonly body: (whole: Uint8Array, random: () => number) => Uint8Array;
  readonly headers?: Record<string, string>;
  /** How many times, with other random numbers. Default: once. */
  readonly times?: number;
}

const gzip = { 'Content-Encoding': 'gzip' };
const OTLP_ATTACKS: readonly OtlpAttack[] = [
  { name: 'the whole', body: (whole) => whole },
  {
    name: 'cut anywhere',
    body: (whole, random) => whole.slice(0, random() * whole.length),
    times: 40,
  },
  {
    name: 'bits flipped',
    body: (whole, random) =>
      whole.map((byte) => (random() < 0.02 ? byte ^ (1 << (random() * 8)) : byte)),
    times: 60,
  },
  {
    name: 'bytes replaced',
    body: (whole, random) => whole.map((byte) => (random() < 0.1 ? random() * 256 : byte)),
    times: 60,
  },
  { name: 'twice', body: (whole) => Buffer.concat([whole, whole]) },
  { name: 'nothing', body: () => new Uint8Array() },
  {
    name: 'only random bytes',
    body: (_, random) => Uint8Array.from({ length: 500 }, () => random() * 256),
    times: 20,
  },
  {
    name: '50,000 levels of JSON',
    body: () => Buffer.from(`${'{"resourceSpans":['.repeat(50_000)}`),
  },
  { name: '50,000 levels of protobuf', body: () => Buffer.alloc(50_000, 0x0a) },
  { name: 'a length of 4 GB', body: () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]) },
  { name: 'a bomb', body: () => gzipSync(Buffer.alloc(200_000_000, ' ')), headers: gzip },
  {
    name: 'a bomb in a bomb',
    body: () => gzipSync(gzipSync(Buffer.alloc(50_000_000))),
    headers: gzip,
  },
  { name: 'gzip that is none', body: (whole) => whole, headers: gzip },
  { name: 'gzip that is cut', body: (whole) => gzipSync(whole).subarray(0, 30), headers: gzip },
  { name: 'another encoding', body: (whole) => whole, headers: { 'Content-Encoding': 'br' } },
  {
    name: 'a prototype',
    body: () => Buffer.from('{"__proto__":{"polluted":1},"resourceSpans":{"length":1e9}}'),
  },
  {
    name: '3 MB of attributes',
    body: () =>
      Buffer.from(
        JSON.stringify(
          tracesOf([
            span({
              attributes: attributes(
                Object.fromEntries(
                  Array.from({ length: 40_000 }, (_, key) => [`k${key}`, 'v'.repeat(20)]),
                ),
              ),
            }),
          ]),
        ),
      ),
  },
  {
    name: '3 MB of spans',
    body: () =>
      Buffer.from(JSON.stringify(tracesOf(Array.from({ length: 12_000 }, () => span({}))))),
  },
];
/** How long a request of the application may wait while such a body is read. */
const MOST_DELAY_MS = 400;

describe('OTLP', () => {
  const attacked = attackedApp('express', (app) =>
    app.of({
      imports: [TraceViewerModule.forRoot({ authorize: () => true })],
      controllers: [LineController],
    }),
  );
  const cases = OTLP_ATTACKS.flatMap((attack) =>
    ENCODINGS.flatMap((encoding) =>
      (['traces', 'logs'] as const).map((signal) => ({ ...attack, encoding, signal })),
    ),
  );

  it.each(cases)(
    '$name, $signal as $encoding',
    async ({ body, headers, times = 1, encoding, signal }) => {
      const random = randomOf(cases.length);
      const whole = encoded(signal, encoding, REQUESTS[signal]);
      const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
      for (let time = 0; time < times; time++) {
        const sent = Buffer.from(body(whole, random));
        const startedAt = performance.now();
        let delay = 0;
        const [{ status }] = await Promise.all([
          ask(
            attacked.port,
            `/_traces/v1/${signal}`,
            { 'Content-Type': type, ...headers },
            { method: 'POST', body: sent },
          ),
          fetch(attacked.url).then(() => (delay = performance.now() - startedAt)),
        ]);
        expect([200, 400, 413, 415, 429, 503]).toContain(status);
        expect(delay).toBeLessThan(MOST_DELAY_MS);
      }
      expect((await fetch(attacked.url)).status).toBe(200);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('200 bodies of 4 MiB, each sent to its half', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage();
    const half = Buffer.alloc(2 * 1024 * 1024, ' ');
    const head =
      'POST /_traces/v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4194304\r\n\r\n';
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(attacked.port, '127.0.0.1').on('error', () => {});
      socket.write(head);
      socket.write(half);
      return socket;
    });
    await sleep(2000);
    collect();
    const after = process.memoryUsage();
    const held = after.external - before.external + after.heapUsed - before.heapUsed;
    for (const socket of sockets) socket.destroy();
    expect((await fetch(attacked.url)).status).toBe(200);
    expect(held).toBeLessThan(100 * 1024 * 1024);
  });
});
