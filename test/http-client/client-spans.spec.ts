import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, upgrade } from 'undici';
import { WebSocket as WsSocket, WebSocketServer } from 'ws';
import { callingApp, SESSION_ID, TRACE_ID } from './calling-app.js';
import { keepForClosing, localServer, timesOf } from './local-server.js';

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject).end();
  });
}

const viaHttp = async (url: string, options: http.RequestOptions = {}): Promise<string> =>
  text(await responseOf(http.request(url, options)));
const viaFetch = async (url: string, options: RequestInit = {}): Promise<string> =>
  (await fetch(url, options)).text();
const BOTH = [
  ['fetch', viaFetch as (url: string, options?: object) => Promise<string>],
  ['http', viaHttp as (url: string, options?: object) => Promise<string>],
] as const;

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.each(BOTH)('the span of a call with %s', (client, call) => {
  it.each([200, 204, 304, 399])('is fine for %i', async (status) => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(() => call(`${server.url}/status/${status}`));
    const [span] = await app.ended(1);
    expect(span).toMatchObject({ failed: false, error: undefined });
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': status });
  });

  it.each([400, 404, 500, 503])('has failed for %i', async (status) => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(() => call(`${server.url}/status/${status}`));
    const [span] = await app.ended(1);
    expect(span).toMatchObject({ failed: true, error: undefined });
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': status });
  });

  it('is that of its method', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(async () => {
      for (const method of ['HEAD', 'POST', 'DELETE', 'PATCH']) await call(server.url, { method });
    });
    const spans = await app.ended(4);
    expect(spans.map(({ name }) => name.split(' ')[0])).toEqual([
      'HEAD',
      'POST',
      'DELETE',
      'PATCH',
    ]);
    expect(spans.filter(({ failed }) => failed)).toEqual([]);
  });

  it('measures milliseconds, to the end of the answer', async () => {
    const server = await localServer({
      listener: (_request, response) => {
        response.write('a');
        setTimeout(() => response.end('b'), 60);
      },
    });
    const app = await callingApp();
    expect(await app.run(() => call(server.url))).toBe('ab');
    const [span] = await app.ended(1);
    expect(span!.durationMs).toBeGreaterThan(55);
    expect(span!.durationMs).toBeLessThan(2000);
  });

  it.each([
    ['nothing listens', async () => `http://127.0.0.1:${await closedPort()}/x`, /ECONNREFUSED/],
    ['the server hangs up', async () => `${(await localServer()).url}/reset`, /hang up|closed/],
  ])('has failed when %s', async (_what, url, message) => {
    const app = await callingApp();
    const to = await url();
    const error = await app.run(() => call(to)).catch((thrown: Error) => thrown);
    const [span] = await app.ended(1);
    expect(span!.failed).toBe(true);
    const { error: own } = span!;
    expect(String((own as Error).message || (own as { code?: string }).code)).toMatch(message);
    expect([error, (error as Error).cause]).toContain(own);
    expect(span!.attributes).not.toHaveProperty('http.response.status_code');
  });

  it('has failed when the caller aborts', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const url = `${server.url}/hang`;
    await expect(app.run(() => call(url, { signal: AbortSignal.timeout(30) }))).rejects.toThrow(
      /abort/,
    );
    const controller = new AbortController();
    const calling = app.run(() => call(url, { signal: controller.signal }));
    await sleep(20);
    controller.abort();
    await expect(calling).rejects.toThrow('abort');
    for (const span of await app.ended(2)) {
      expect(span.failed).toBe(true);
      expect(String(span.error)).toMatch(/abort|timeout/i);
    }
  });

  it('has failed when the answer breaks off', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await expect(app.run(() => call(`${server.url}/cut`))).rejects.toThrow(/aborted|terminated/);
    const [span] = await app.ended(1);
    expect(span!.failed).toBe(true);
    expect(String(span!.error)).toMatch(/aborted|closed/);
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  it('ends once', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(async () => {
      await call(server.url);
      await call(`${server.url}/status/500`);
      await call(`${server.url}/cut`).catch(() => {});
      await call(`${server.url}/reset`).catch(() => {});
      await call(`${server.url}/hang`, { signal: AbortSignal.timeout(20) }).catch(() => {});
    });
    await app.ended(5);
    await sleep(50);
    expect(new Set(app.spans.map(({ spanId }) => spanId)).size).toBe(5);
    expect(app.spans).toHaveLength(5);
  });

  it('is below the span that it was made in', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(() => app.trace.span('charge', () => call(server.url)));
    const [inner, outer] = await app.ended(2);
    expect(outer!.name).toBe('charge');
    expect(inner!.parentSpanId).toBe(outer!.spanId);
  });

  it('is missing beyond 1,000, but the headers are not', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(async () => {
      for (let i = 0; i < 995; i++) app.trace.span(`step ${i}`, () => i);
      for (let i = 0; i < 10; i++) await call(server.url);
    });
    const parents = server.received.map(({ headers }) => headers['traceparent']);
    expect(new Set(parents).size).toBe(10);
    for (const parent of parents) expect(parent).toMatch(`00-${TRACE_ID}-`);
    await sleep(20);
    expect(app.spans).toHaveLength(1000);
  });

  it('is a step of the access log line, without the query', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const failing = async (): Promise<void> => {
      await call(`${server.url}/status/500?token=secret`);
      throw new Error('failed');
    };
    await expect(app.run(failing)).rejects.toThrow('failed');
    const [line] = app.sink.linesOf('Run finished');
    expect(line!['steps']).toEqual([
      {
        name: `GET 127.0.0.1:${server.port}/status/500`,
        start_ms: expect.any(Number),
        duration_ms: expect.any(Number),
        failed: true,
        status: 500,
      },
    ]);
    expect(app.sink.raw.join()).not.toContain('secret');
  });

  it(`of an interim answer is that of the last (${client})`, async () => {
    const server = await localServer({
      listener: (_request, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        setTimeout(() => response.writeHead(201).end('ok'), 10);
      },
    });
    const app = await callingApp();
    await app.run(() => call(server.url));
    const [span] = await app.ended(1);
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': 201 });
  });
});

describe('a response that is not read', () => {
  it('is dropped by node:http as usual, and still ends the span', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await app.run(async () => {
      for (let i = 0; i < 3; i++) {
        const request = http.request(server.url, { agent }).end();
        expect(request.listenerCount('response')).toBe(0);
        expect(request.listenerCount('error')).toBe(0);
        await once(request, 'close');
      }
    });
    agent.destroy();
    expect(await app.ended(3)).toHaveLength(3);
  });

  it('stays unread when it is held', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(async () => {
      const response = await responseOf(http.request(server.url));
      await sleep(20);
      expect(response.readableFlowing).toBeNull();
      expect(await text(response)).toBe('ok');
      const answer = await fetch(server.url);
      expect(answer.bodyUsed).toBe(false);
      expect(await answer.text()).toBe('ok');
    });
    expect(await app.ended(2)).toHaveLength(2);
  });
});

describe('a connection that becomes another', () => {
  async function webSocketServer() {
    const server = http.createServer();
    const heads: http.IncomingMessage[] = [];
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket, request) => {
      heads.push(request);
      socket.send('hello');
    });
    keepForClosing(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    return { heads, url: `127.0.0.1:${port}` };
  }

  const CLIENTS: Record<string, (url: string) => Promise<unknown>> = {
    'ws, over node:http': async (url) => {
      const socket = new WsSocket(`ws://${url}/feed?token=secret`);
      await once(socket, 'message');
      socket.terminate();
    },
    'upgrade of undici': async (url) => {
      const { socket } = await upgrade(`http://${url}/feed?token=secret`, {
        protocol: 'websocket',
        headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' },
      });
      socket.on('error', () => {}).destroy();
    },
  };
  const { WebSocket: BuiltIn } = globalThis as { WebSocket?: typeof WebSocket };
  if (BuiltIn !== undefined) {
    CLIENTS['the WebSocket of Node'] = async (url) => {
      const socket = new BuiltIn(`ws://${url}/feed?token=secret`);
      await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
      socket.close();
    };
  }

  it.each(Object.entries(CLIENTS))('carries the trace, and its span ends: %s', async (_n, call) => {
    const [{ heads, url }, app] = [await webSocketServer(), await callingApp()];
    await app.run(() => call(url));
    const [span] = await app.ended(1);
    expect(span).toMatchObject({ name: `GET ${url}/feed`, failed: false });
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': 101 });
    expect(heads[0]!.headers['traceparent']).toBe(`00-${TRACE_ID}-${span!.spanId}-01`);
    expect(heads[0]!.headers['x-session-id']).toBe(SESSION_ID);
  });
});

describe('a request that waits on a connection with others', () => {
  it('fails with those that the connection takes along', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const client = new Client(server.url, { pipelining: 3 });
    await app.run(async () => {
      const calls = ['/hang', '/x', '/y'].map((path) => client.request({ path, method: 'GET' }));
      const settled = Promise.allSettled(calls);
      await sleep(20);
      await client.destroy();
      expect((await settled).map(({ status }) => status)).toEqual(calls.map(() => 'rejected'));
    });
    for (const span of await app.ended(3)) expect(span.failed).toBe(true);
    for (const received of server.received) expect(timesOf(received, 'traceparent')).toBe(1);
  });
});
