import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import { ask } from '../support.js';

const start = (platform: Platform, options?: TraceViewerOptions): Promise<TracedApp> =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot(options)] })
    .prepared((app) => app.enableCors({ origin: true, credentials: true }))
    .start();

describe.each(PLATFORMS)('access to the trace viewer, on %s', (platform) => {
  const refused: [string, Record<string, string>, string][] = [
    ['a foreign name of this machine (DNS rebinding)', { Host: 'evil.example' }, '`Host`'],
    ['one that only begins like ours', { Host: 'localhost.evil.example' }, '`Host`'],
    ['one that only ends like ours', { Host: 'evil-localhost' }, '`Host`'],
    ['an address that only begins like ours', { Host: '127.0.0.1.evil.example' }, '`Host`'],
    ['another address', { Host: '10.0.0.1' }, '`Host`'],
    ['a page of another site', { Origin: 'https://evil.example' }, 'origin'],
    ['a page on another port of this machine', { Origin: 'http://127.0.0.1:1' }, 'origin'],
    ['a page in a sandbox', { Origin: 'null' }, 'origin'],
    ['a script tag of another site', { 'Sec-Fetch-Site': 'cross-site' }, 'site'],
    [
      'an image of a neighbour',
      { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' },
      'site',
    ],
    ['a client of a proxy', { 'X-Forwarded-For': '203.0.113.7' }, 'proxy'],
    ['a client of a standard proxy', { Forwarded: 'for=203.0.113.7' }, 'proxy'],
    ['a client of a proxy that sends only its name', { 'X-Forwarded-Host': 'app' }, 'proxy'],
    ['a client of a proxy that sends only the protocol', { 'X-Forwarded-Proto': 'https' }, 'proxy'],
  ];

  it.each(refused)('refuses %s', async (_what, headers, reason) => {
    const { port } = await start(platform);
    for (const path of ['/_traces/', '/_traces/stream', '/_traces/page.js']) {
      const { status, body } = await ask(port, path, headers);
      expect([status, body]).toEqual([403, expect.stringContaining(reason)]);
    }
    for (const path of ['/_traces/v1/traces', '/_traces/v1/logs']) {
      const sent = { ...headers, 'Content-Type': 'application/json' };
      const { status } = await ask(port, path, sent, { method: 'POST', body: '{}' });
      expect(status).toBe(403);
    }
  });

  it.each([
    'localhost',
    'LOCALHOST:3000',
    '127.0.0.1',
    '127.0.0.2:80',
    '[::1]:3000',
    'app.localhost',
  ])('answers this machine under the name %s', async (host) => {
    const { port } = await start(platform);
    expect((await ask(port, '/_traces/', { Host: host })).status).toBe(200);
  });

  it('refuses HTTP/1.0, which nginx sends without any header of a proxy', async () => {
    const { port } = await start(platform);
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /_traces/ HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const answer = await textOf(socket);
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    expect(answer).toContain('proxy');
  });

  it('answers a link from another site, and its own page', async () => {
    const { port } = await start(platform);
    const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect((await ask(port, '/_traces/', link)).status).toBe(200);
    const own = { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' };
    expect((await ask(port, '/_traces/page.js', own)).status).toBe(200);
  });

  it('refuses requests that come over the network', async () => {
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
    const [near, far] = await Promise.all(
      ['127.0.0.1', address].map((host) =>
        fetch(`http://${host}:${port}/_traces/`, { headers: { Connection: 'close' } }),
      ),
    );
    await app.close();
    expect([near!.status, far!.status]).toEqual([200, 403]);
    expect(await far!.text()).toContain('only this machine');
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
      ['/_traces/', { Host: 'evil.example' }],
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

describe('in production', () => {
  const before = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });

  it('refuses to start in production without `authorize`', () => {
    process.env['NODE_ENV'] = 'production';
    expect(() => TraceViewerModule.forRoot()).toThrow(/VIEWER_IN_PRODUCTION.*authorize/);
    expect(() => TraceViewerModule.forRoot({ authorize: () => true })).not.toThrow();
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
