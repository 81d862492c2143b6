import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import net from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as undici from 'undici';
import { callingApp, REQUEST_ID, SESSION_ID, TRACE_ID } from './calling-app.js';
import {
  keepForClosing,
  localServer,
  resolveExampleHere,
  timesOf,
  UNTRUSTED,
  type LocalServer,
} from './local-server.js';

resolveExampleHere();

const dispatchers: undici.Dispatcher[] = [];

/** Closes it after the test. */
function opened<T extends undici.Dispatcher>(dispatcher: T): T {
  dispatchers.push(dispatcher);
  return dispatcher;
}

afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.destroy()));
});

type Answer = Promise<{ body: { text(): Promise<string> } }>;
const textOf = async (answer: Answer): Promise<string> => (await answer).body.text();

const CALLS: Record<string, (server: LocalServer) => Promise<string>> = {
  'fetch(string)': async ({ url }) => (await fetch(`${url}/x?secret=1`)).text(),
  'fetch(URL)': async ({ url }) => (await fetch(new URL(`${url}/x?secret=1#hash`))).text(),
  'fetch(Request)': async ({ url }) =>
    (await fetch(new Request(`${url}/x?secret=1`, { headers: { 'X-Own': 'own' } }))).text(),
  'fetch of the package': async ({ url }) => (await undici.fetch(`${url}/x?secret=1`)).text(),
  'fetch with a dispatcher': async ({ url }) =>
    (
      await undici.fetch(`${url}/x?secret=1`, {
        dispatcher: opened(new undici.Agent({ connections: 2 })),
      })
    ).text(),
  request: ({ url }) => textOf(undici.request(`${url}/x?secret=1`)),
  'request with a query': ({ url }) => textOf(undici.request(`${url}/x`, { query: { secret: 1 } })),
  'Client.request': ({ url }) =>
    textOf(opened(new undici.Client(url)).request({ path: '/x?secret=1', method: 'GET' })),
  'Pool.request': ({ url }) =>
    textOf(opened(new undici.Pool(url)).request({ path: '/x?secret=1', method: 'GET' })),
  'request with headers as a flat list': ({ url }) =>
    textOf(undici.request(`${url}/x?secret=1`, { headers: ['X-Own', 'own'] })),
  'request with headers that are iterated': ({ url }) =>
    textOf(undici.request(`${url}/x?secret=1`, { headers: new Map([['X-Own', 'own']]) })),
  stream: async ({ url }) => {
    let body = '';
    await undici.stream(
      `${url}/x?secret=1`,
      { method: 'GET' },
      () =>
        new Writable({
          write(chunk, _encoding, next) {
            body += String(chunk);
            next();
          },
        }),
    );
    return body;
  },
  pipeline: async ({ url }) => {
    let body = '';
    const pipeline = undici.pipeline(`${url}/x?secret=1`, { method: 'GET' }, ({ body: b }) => b);
    for await (const chunk of pipeline.end()) body += String(chunk);
    return body;
  },
};

describe('undici carries the trace', () => {
  it.each(Object.entries(CALLS))('%s', async (_name, call) => {
    const server = await localServer();
    const app = await callingApp();
    expect(await app.run(() => call(server))).toBe('ok');
    const [span] = await app.ended(1);
    expect(server.received).toHaveLength(1);
    const [received] = server.received;
    expect(received!.headers).toMatchObject({
      traceparent: `00-${TRACE_ID}-${span!.spanId}-01`,
      tracestate: 'vendor=state',
      'x-request-id': REQUEST_ID,
      'x-session-id': SESSION_ID,
    });
    for (const name of ['traceparent', 'tracestate', 'x-request-id', 'x-session-id']) {
      expect([name, timesOf(received!, name)]).toEqual([name, 1]);
    }
    expect(span).toMatchObject({
      name: `GET 127.0.0.1:${server.port}/x`,
      kind: 'client',
      failed: false,
      durationMs: expect.any(Number),
    });
    expect(span!.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.scheme': 'http',
      'url.path': '/x',
      'http.response.status_code': 200,
    });
  });

  it('and sends other hosts only W3C headers', async () => {
    const server = await localServer();
    const app = await callingApp();
    const dispatcher = opened(new undici.Agent());
    await app.run(async () => {
      await (await fetch(`${server.untrusted}//localhost/x`)).text();
      await textOf(undici.request(`${server.untrusted}//localhost/x`, { dispatcher }));
      const client = opened(new undici.Client(server.untrusted));
      await textOf(client.request({ path: '//localhost/x', method: 'GET' }));
      const proxied = { path: 'http://localhost/x', method: 'GET' } as const;
      await textOf(client.request(proxied));
    });
    expect(server.received).toHaveLength(4);
    for (const { headers } of server.received) {
      expect(headers['traceparent']).toMatch(TRACE_ID);
      expect(headers).not.toHaveProperty('x-request-id');
      expect(headers).not.toHaveProperty('x-session-id');
    }
    expect((await app.ended(4))[0]!.name).toBe(`GET ${UNTRUSTED}:${server.port}//localhost/x`);
  });

  it('over IPv6, and with a port that is the default', async () => {
    const server = await localServer({ host: '::1' });
    const app = await callingApp();
    const nowhere = opened(new undici.Client('http://127.0.0.1:80', { socketPath: '/no/socket' }));
    await app.run(async () => {
      await (await fetch(`${server.url}/x`)).text();
      await expect(nowhere.request({ path: '/x', method: 'GET' })).rejects.toThrow('ENOENT');
    });
    expect(server.received[0]!.headers['x-session-id']).toBe(SESSION_ID);
    expect((await app.ended(2)).map(({ name }) => name)).toEqual([
      `GET [::1]:${server.port}/x`,
      'GET 127.0.0.1/x',
    ]);
    expect(app.spans[1]!.attributes).toMatchObject({ 'server.port': 80 });
  });

  it('through a proxy, by the host behind it', async () => {
    const seen: { path: string; headers: http.IncomingHttpHeaders }[] = [];
    const server = await localServer();
    const proxy = http.createServer((request, response) => {
      seen.push({ path: request.url ?? '', headers: request.headers });
      response.end('ok');
    });
    proxy.on('connect', (request, socket) => {
      seen.push({ path: `CONNECT ${request.url}`, headers: request.headers });
      const upstream = net.connect(server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      socket.on('error', () => {});
    });
    keepForClosing(proxy);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
    const app = await callingApp();
    await app.run(async () => {
      for (const proxyTunnel of [false, true]) {
        const dispatcher = opened(new undici.ProxyAgent({ uri, proxyTunnel }));
        await textOf(undici.request(`http://${UNTRUSTED}/x`, { dispatcher }));
        await textOf(undici.request('http://localhost/x', { dispatcher }));
      }
    });
    const tunnels = seen.filter(({ path }) => path.startsWith('CONNECT'));
    expect(tunnels).toHaveLength(2);
    for (const { headers } of tunnels) expect(headers).not.toHaveProperty('traceparent');
    const direct = seen.filter(({ path }) => !path.startsWith('CONNECT'));
    expect([...direct, ...server.received].map(({ headers }) => headers['x-session-id'])).toEqual([
      undefined,
      SESSION_ID,
      undefined,
      SESSION_ID,
    ]);
    expect((await app.ended(4)).map(({ name }) => name)).toEqual([
      `GET ${UNTRUSTED}/x`,
      'GET localhost/x',
      `GET ${UNTRUSTED}/x`,
      'GET localhost/x',
    ]);
  });
});

describe('a request that undici sends later than it was made', () => {
  type App = Awaited<ReturnType<typeof callingApp>>;

  /** Makes calls in as many traces at once, each of which names its trace in its path. */
  async function inEachTrace(app: App, server: LocalServer, call: (n: string) => Promise<unknown>) {
    const one = async (i: number): Promise<void> => {
      await sleep(i % 3);
      await call(`trace-${i}`);
      await call(`trace-${i}`);
    };
    const calls = Array.from({ length: 30 }, (_, i) =>
      app.trace.run({ requestId: `trace-${i}` }, () => one(i)),
    );
    await Promise.all(calls);
    const wrong = server.received.filter(
      ({ url, headers }) => !url.includes(`${String(headers['x-request-id'])}/`),
    );
    return { wrong: wrong.length, sent: server.received.length };
  }

  /** Answers after a while, so that connections are busy. */
  const slowServer = (): Promise<LocalServer> =>
    localServer({
      listener: (request, response) => {
        const trace = /^\/redirect\/(.*)$/.exec(request.url ?? '')?.[1];
        setTimeout(() => {
          if (trace !== undefined) response.writeHead(302, { location: `/${trace}` });
          response.end('ok');
        }, 3);
      },
    });

  it('goes out in the trace that it was made in: a pool that is busy', async () => {
    const [server, app] = [await slowServer(), await callingApp()];
    const pool = opened(new undici.Pool(server.url, { connections: 2 }));
    const call = (n: string) => textOf(pool.request({ path: `/${n}/`, method: 'GET' }));
    expect(await inEachTrace(app, server, call)).toEqual({ wrong: 0, sent: 60 });
  });

  it('goes out in the trace that it was made in: fetch over few connections', async () => {
    const [server, app] = [await slowServer(), await callingApp()];
    const dispatcher = opened(new undici.Agent({ connections: 2 }));
    // Its classes are known from the first connection on.
    await (await undici.fetch(`${server.url}/undefined/`, { dispatcher })).text();
    const call = async (n: string) =>
      (await undici.fetch(`${server.url}/${n}/`, { dispatcher })).text();
    expect(await inEachTrace(app, server, call)).toEqual({ wrong: 0, sent: 61 });
  });

  it.each([1, 2])(
    'goes out in the trace that it was made in: redirects on %i',
    async (connections) => {
      const [server, app] = [await slowServer(), await callingApp()];
      const dispatcher = opened(new undici.Agent({ connections })).compose(
        undici.interceptors.redirect({ maxRedirections: 2 }),
      );
      const call = (n: string) =>
        textOf(undici.request(`${server.url}/redirect/${n}/`, { dispatcher }));
      expect(await inEachTrace(app, server, call)).toEqual({ wrong: 0, sent: 120 });
    },
  );

  it('goes out in the trace that it was made in: redirects of a pool that is busy', async () => {
    const [server, app] = [await slowServer(), await callingApp()];
    const pool = opened(new undici.Pool(server.url, { connections: 2 }));
    const dispatcher = pool.compose(undici.interceptors.redirect({ maxRedirections: 2 }));
    const origin = server.url;
    const call = (n: string) =>
      textOf(dispatcher.request({ origin, path: `/redirect/${n}/`, method: 'GET' }));
    expect(await inEachTrace(app, server, call)).toEqual({ wrong: 0, sent: 120 });
  });

  it('goes out in the trace that it was made in: attempts after the first', async () => {
    const failed = new Set<string>();
    const server = await localServer({
      listener: ({ url = '' }, response) => {
        response.writeHead(failed.has(url) ? 200 : 503).end('ok');
        failed.add(url);
      },
    });
    const app = await callingApp();
    const dispatcher = opened(new undici.Agent({ connections: 1 })).compose(
      undici.interceptors.retry({ minTimeout: 1, maxTimeout: 5 }),
    );
    let count = 0;
    const call = (n: string) =>
      textOf(undici.request(`${server.url}/${n}/${count++}`, { dispatcher }));
    expect(await inEachTrace(app, server, call)).toEqual({ wrong: 0, sent: 120 });
  });

  it('when one handler receives all responses', async () => {
    const [server, app] = [await slowServer(), await callingApp()];
    const client = opened(new undici.Client(server.url));
    await textOf(client.request({ path: '/undefined/', method: 'GET' }));
    let answered = 0;
    const handler: undici.Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {
        answered++;
      },
      onResponseError() {},
    };
    for (let i = 0; i < 5; i++) {
      app.trace.run({ requestId: `trace-${i}` }, () =>
        client.dispatch({ path: `/trace-${i}/`, method: 'GET' }, handler),
      );
      await sleep(10);
    }
    expect(answered).toBe(5);
    const ids = server.received.map(({ headers }) => headers['x-request-id']);
    expect(ids.slice(1)).toEqual(Array.from({ length: 5 }, (_, i) => `trace-${i}`));
  });
});
