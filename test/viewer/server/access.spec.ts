import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import { ViewerToken } from '../../../src/viewer/server/viewer-token.js';
import { ask, askWithoutToken, VIEWER_TOKEN } from '../support.js';

const COOKIE = ViewerToken.ofProject().cookieName;

const start = (platform: Platform, options?: TraceViewerOptions): Promise<TracedApp> =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot(options)] })
    .prepared((app) => app.enableCors({ origin: true, credentials: true }))
    .start();

const PATHS = ['/_traces', '/_traces/', '/_traces/stream', '/_traces/page.js', '/_traces/none'];
const TYPE = { 'Content-Type': 'application/json' };

describe.each(PLATFORMS)('access to the trace viewer, on %s', (platform) => {
  const strangers: [string, Record<string, string>][] = [
    ['a client of this machine', {}],
    ['another name of this machine', { Host: 'app.localhost' }],
    ['a client of a proxy', { 'X-Forwarded-For': '127.0.0.1', Host: 'localhost' }],
    ['a wrong token', { Authorization: `Bearer ${'0'.repeat(48)}` }],
    ['a part of the token', { Authorization: `Bearer ${VIEWER_TOKEN.slice(0, -1)}` }],
    ['another scheme', { Authorization: `Basic ${VIEWER_TOKEN}` }],
    ['the token in a cookie of another name', { Cookie: `token=${VIEWER_TOKEN}` }],
    ['a wrong token in the cookie', { Cookie: `${COOKIE}=x; ${COOKIE}=` }],
    ['a long cookie', { Cookie: `${COOKIE}=${VIEWER_TOKEN}${'x'.repeat(4000)}` }],
    ['a link on another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }],
  ];

  it.each(strangers)('tells nothing without the token: %s', async (_what, headers) => {
    const { port } = await start(platform);
    for (const path of [
      ...PATHS,
      '/_traces/stream?token=',
      `/_traces/stream?token=${VIEWER_TOKEN}`,
    ]) {
      const answer = await askWithoutToken(port, path, headers);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="nestjs-tracing"');
      expect(answer.body).toContain('follow the link that the application printed');
      expect(answer.body).not.toContain(VIEWER_TOKEN);
    }
  });

  it.each([
    ['as a bearer', { Authorization: `bearer ${VIEWER_TOKEN}` }],
    ['in its cookie', { Cookie: `a=b; ${COOKIE}=old;${COOKIE}=${VIEWER_TOKEN}; c=d` }],
    ['through a proxy', { Cookie: `${COOKIE}=${VIEWER_TOKEN}`, Forwarded: 'for=203.0.113.7' }],
    ['for any name', { Cookie: `${COOKIE}=${VIEWER_TOKEN}`, Host: 'dev.example' }],
  ])('lets in who has the token %s', async (_what, headers) => {
    const { port } = await start(platform);
    expect((await askWithoutToken(port, '/_traces/', headers)).status).toBe(200);
  });

  it.each(['/_traces', '/_traces/'])('answers the link %s with a cookie', async (path) => {
    const { port, sink } = await start(platform);
    const { status, headers } = await askWithoutToken(port, `${path}?token=${VIEWER_TOKEN}`);
    expect(status).toBe(303);
    const target = new URL(headers.location!, `http://localhost${path}`);
    expect(target.href).toBe('http://localhost/_traces/');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['set-cookie']![0]).toBe(
      `${COOKIE}=${VIEWER_TOKEN}; Path=/_traces; HttpOnly; SameSite=Strict`,
    );
    const cookie = headers['set-cookie']![0]!.split(';', 1)[0]!;
    expect((await askWithoutToken(port, '/_traces/', { Cookie: cookie })).status).toBe(200);
    // No line tells of it, and the viewer has no record of itself.
    expect(sink.raw.join('')).not.toContain(VIEWER_TOKEN);
  });

  it('keeps the cookie to encrypted connections behind a proxy that ends them', async () => {
    const { port } = await start(platform);
    const headers = { 'X-Forwarded-Proto': 'https, http' };
    const answer = await askWithoutToken(port, `/_traces?token=${VIEWER_TOKEN}`, headers);
    expect(answer.headers['set-cookie']![0]).toMatch(/; SameSite=Strict; Secure$/);
  });

  it('lets a page follow a link of another site: a redirect would come without the cookie', async () => {
    const { port } = await start(platform);
    const from = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    const answer = await askWithoutToken(port, `/_traces?token=${VIEWER_TOKEN}`, from);
    expect([answer.status, answer.headers['refresh']]).toEqual([200, '0; url=./_traces/']);
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect((await askWithoutToken(port, '/_traces/', from)).headers['refresh']).toBe('0');
  });

  it('sets no cookie for a token in any other place', async () => {
    const { port } = await start(platform);
    const query = `?token=${VIEWER_TOKEN}`;
    const asked = [
      askWithoutToken(port, `/_traces/page.js${query}`),
      askWithoutToken(port, `/_traces${query}`, {}, { method: 'POST', body: '' }),
      askWithoutToken(port, `/_traces?token=${VIEWER_TOKEN.toUpperCase()}`),
      askWithoutToken(port, `/_traces?Token=${VIEWER_TOKEN}`),
      askWithoutToken(port, `/_traces?token=x&token=${VIEWER_TOKEN}`),
    ];
    for (const { status, headers } of await Promise.all(asked)) {
      expect([status, headers['set-cookie']]).toEqual([401, undefined]);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['a page of another site', { Origin: 'https://evil.example' }],
    ['a page on another port of this machine', { Origin: 'http://127.0.0.1:1' }],
    ['a page in a sandbox', { Origin: 'null' }],
    ['a script tag of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['an image of a neighbour', { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' }],
  ])('refuses %s, with the token too', async (_what, headers) => {
    const { port } = await start(platform);
    for (const path of PATHS) expect((await ask(port, path, headers)).status).toBe(403);
    for (const path of ['/_traces/v1/traces', '/_traces/v1/logs']) {
      const { status } = await ask(
        port,
        path,
        { ...headers, ...TYPE },
        { method: 'POST', body: '{}' },
      );
      expect(status).toBe(403);
    }
  });

  it('answers its own page, behind a proxy that changes `Host` too', async () => {
    const { port } = await start(platform);
    const own = { Origin: `http://127.0.0.1:${port}` };
    expect((await ask(port, '/_traces/page.js', own)).status).toBe(200);
    const proxied = { Origin: 'https://dev.example', 'Sec-Fetch-Site': 'same-origin' };
    expect((await ask(port, '/_traces/page.js', proxied)).status).toBe(200);
  });

  it('takes OTLP of this machine without the token, and what a proxy passes on only with it', async () => {
    const { port } = await start(platform);
    const send = async (headers: Record<string, string>, send = askWithoutToken) => {
      const init = { method: 'POST', body: '{}' };
      return (await send(port, '/_traces/v1/logs', { ...TYPE, ...headers }, init)).status;
    };
    expect(await send({})).toBe(200);
    for (const name of ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP', 'X-Forwarded-Proto']) {
      expect([name, await send({ [name]: 'x' })]).toEqual([name, 401]);
      expect([name, await send({ [name]: 'x' }, ask)]).toEqual([name, 200]);
    }
    expect(await send({ 'Sec-Fetch-Site': 'none' })).toBe(401);
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /_traces/v1/logs HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    );
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 401 /);
  });

  it('asks who comes over the network for the token, to look and to send', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    // Nothing to come over where there is no network.
    if (address === undefined) return;
    const app = await tracedApp(platform)
      .of({ imports: [TraceViewerModule.forRoot()] })
      .create();
    await app.listen(0, '0.0.0.0');
    const { port } = app.getHttpServer().address() as { port: number };
    const statusOf = async (path: string, init: RequestInit = {}) => {
      const headers = { ...init.headers, Connection: 'close' };
      return (await fetch(`http://${address}:${port}${path}`, { ...init, headers })).status;
    };
    const bearer = { Authorization: `Bearer ${VIEWER_TOKEN}` };
    const log = { method: 'POST', body: '{}' };
    const statuses = [
      await statusOf('/_traces/'),
      await statusOf('/_traces/', { headers: bearer }),
      await statusOf('/_traces/v1/logs', { ...log, headers: TYPE }),
      await statusOf('/_traces/v1/logs', { ...log, headers: { ...TYPE, ...bearer } }),
    ];
    await app.close();
    expect(statuses).toEqual([401, 200, 401, 200]);
  });

  it('sends no CORS headers, for any configuration of the application', async () => {
    const { port } = await start(platform);
    const own = { Origin: `http://127.0.0.1:${port}` };
    const names = ['/_traces/', '/_traces/page.js', '/_traces/nothing'].map(async (path) =>
      Object.keys((await ask(port, path, own)).headers).filter((name) =>
        name.includes('access-control'),
      ),
    );
    expect((await Promise.all(names)).flat()).toEqual([]);
    const preflight = await ask(
      port,
      '/_traces/v1/logs',
      { Origin: 'https://evil.example' },
      { method: 'OPTIONS' },
    );
    expect(preflight.status).toBe(403);
    // The application itself does.
    expect((await ask(port, '/none', own)).headers['access-control-allow-origin']).toBeDefined();
  });

  it('sends every answer with the headers that keep it harmless', async () => {
    const { port } = await start(platform);
    for (const [path, headers] of [
      ['/_traces', {}],
      ['/_traces/', {}],
      ['/_traces/page.js', {}],
      ['/_traces/none', {}],
      ['/_traces/', { Origin: 'https://evil.example' }],
    ] as const) {
      const answer = await ask(port, path, headers);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
    }
  });

  describe('with `authorize`', () => {
    const behindProxy = { Host: 'app.example', 'X-Forwarded-For': '203.0.113.7', Cookie: 'ok=1' };
    const authorize = ({ headers }: IncomingMessage): boolean => headers.cookie === 'ok=1';

    it.each([
      ['a function', authorize],
      ['a promise', async (request: IncomingMessage) => Promise.resolve(authorize(request))],
    ])('lets in only the requests that %s allows', async (_what, decide) => {
      const { port } = await start(platform, { authorize: decide });
      expect((await ask(port, '/_traces/', behindProxy)).status).toBe(200);
      expect((await ask(port, '/_traces/')).status).toBe(403);
    });

    it.each([
      [
        'throws',
        () => {
          throw new Error('no');
        },
      ],
      ['rejects', () => Promise.reject(new Error('no'))],
      ['says something that is not `true`', () => 'yes' as never],
    ])('refuses when it %s', async (_what, decide) => {
      const { port } = await start(platform, { authorize: decide });
      expect((await ask(port, '/_traces/')).status).toBe(403);
    });

    it('still refuses pages of other sites', async () => {
      const { port } = await start(platform, { authorize: () => true });
      const { status } = await ask(port, '/_traces/stream', { Origin: 'https://evil.example' });
      expect(status).toBe(403);
    });
  });
});

describe('outside development', () => {
  const before = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });

  it.each(['production', 'prod', 'staging', 'Production', 'Development', 'test ', 'local'])(
    'refuses to start without `authorize`: NODE_ENV=%j',
    (environment) => {
      process.env['NODE_ENV'] = environment;
      expect(() => TraceViewerModule.forRoot()).toThrow(
        expect.objectContaining({
          code: 'VIEWER_IN_PRODUCTION',
          message: expect.stringContaining(JSON.stringify(environment)),
          fix: expect.stringContaining('authorize'),
        }),
      );
      expect(() => TraceViewerModule.forRoot({ authorize: () => true })).not.toThrow();
    },
  );

  it.each(['development', 'test', '', undefined])('starts with NODE_ENV=%j', (environment) => {
    if (environment === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
    expect(() => TraceViewerModule.forRoot()).not.toThrow();
  });

  it('refuses to start also when that is known only after the module was imported', async () => {
    const app = tracedApp('express').of({ imports: [TraceViewerModule.forRoot()] });
    process.env['NODE_ENV'] = 'production';
    await expect(app.start()).rejects.toThrow(/VIEWER_IN_PRODUCTION/);
  });
});

describe('two imports', () => {
  const allow = (): boolean => true;
  const importing = (...authorize: (typeof allow)[]) =>
    tracedApp('express').of({
      imports: authorize.map((one) => TraceViewerModule.forRoot({ authorize: one })),
    });

  it('decide on access regardless of their order', async () => {
    await expect(importing(allow, () => false).start()).rejects.toThrow(/VIEWER_IMPORTED_TWICE/);
    const { port } = await importing(allow, allow).start();
    expect((await ask(port, '/_traces/')).status).toBe(200);
  });
});

describe('wrong options', () => {
  it.each([
    [{ path: 'traces' }, 'INVALID_VIEWER_PATH'],
    [{ path: '/' }, 'INVALID_VIEWER_PATH'],
    [{ path: '/_traces/' }, 'INVALID_VIEWER_PATH'],
    [{ path: '/a?b' }, 'INVALID_VIEWER_PATH'],
    [{ path: '/../a' }, 'INVALID_VIEWER_PATH'],
    [{ path: '/a/.' }, 'INVALID_VIEWER_PATH'],
    [{ path: 7 as never }, 'INVALID_VIEWER_PATH'],
    [{ authorize: true as never }, 'INVALID_OPTION'],
    [{ authorise: () => true } as never, 'UNKNOWN_OPTION'],
    [{ limits: { lines: 0 } }, 'INVALID_OPTION'],
    [{ limits: { lines: Number.NaN } }, 'INVALID_OPTION'],
    [{ limits: { requestsPerSecond: 0.1 } }, 'INVALID_OPTION'],
    [{ limits: { bodyBytes: Infinity } }, 'INVALID_OPTION'],
    [{ limits: { rows: 1 } as never }, 'UNKNOWN_OPTION'],
    [null as never, 'INVALID_OPTION'],
  ])('stop the application: %j', (options: TraceViewerOptions, code) => {
    expect(() => TraceViewerModule.forRoot(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('Fix: ') }),
    );
  });

  it('treat limits that are undefined as absent', () => {
    expect(() => TraceViewerModule.forRoot({ limits: { lines: undefined } })).not.toThrow();
  });

  it('are neither the least limits nor names that begin with a dot', () => {
    const least = { requestsPerSecond: 1, pages: 1 };
    expect(() => TraceViewerModule.forRoot({ path: '/.well/..x', limits: least })).not.toThrow();
  });
});
