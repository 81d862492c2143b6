import { describe, expect, it, jest } from '@jest/globals';
import { All, Controller, Req, Res, type INestApplication } from '@nestjs/common';
import axios from 'axios';
import { got } from 'got';
import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Socket } from 'node:net';
import { Client, request as undiciRequest } from 'undici';
import type { TracingModuleOptions } from '../../src/index.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';
import { localServer, resolveExampleHere, timesOf, type LocalServer } from './local-server.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SENT = {
  traceparent: `00-${TRACE}-${SPAN}-01`,
  tracestate: 'vendor=state',
  baggage: 'tenant=acme',
  'x-request-id': 'from-outside',
  'x-session-id': 'session-outside',
  'x-correlation-id': 'correlation-outside',
  'x-amzn-trace-id': `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=${SPAN};Sampled=1`,
  'x-cloud-trace-context': `${TRACE}/17;o=1`,
  b3: `${TRACE}-${SPAN}-1`,
  'x-b3-traceid': TRACE,
  'x-b3-spanid': SPAN,
  'x-b3-sampled': '1',
  'x-own': 'kept',
};

type Copy = (url: string, headers: Record<string, string>) => Promise<string>;

const pairs = (headers: Record<string, string>) => Object.entries(headers);
const capital = (name: string) => name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
const get = (
  url: string,
  headers: unknown,
  change: (request: http.ClientRequest) => void = () => {},
) =>
  new Promise<string>((resolve, reject) => {
    const options = { headers } as http.RequestOptions;
    const request = http.request(url, options, (response) => resolve(text(response)));
    request.on('error', reject);
    change(request);
    request.end();
  });

/** Each way in which a gateway passes headers on. */
const WAYS: Record<string, Copy> = {
  'fetch, an object': async (url, headers) => (await fetch(url, { headers })).text(),
  'fetch, Headers': async (url, headers) =>
    (await fetch(url, { headers: new Headers(headers) })).text(),
  'fetch, a list': async (url, headers) => (await fetch(url, { headers: pairs(headers) })).text(),
  'undici, other case': async (url, headers) => {
    const renamed = Object.fromEntries(
      pairs(headers).map(([name, value]) => [capital(name), value]),
    );
    return (await undiciRequest(url, { headers: renamed })).body.text();
  },
  'undici, a flat list': async (url, headers) =>
    (await undiciRequest(url, { headers: pairs(headers).flat() })).body.text(),
  'undici, a Map': async (url, headers) =>
    (await undiciRequest(url, { headers: new Map(pairs(headers)) as never })).body.text(),
  'http, an object': (url, headers) => get(url, headers),
  'http, lists of values': (url, headers) =>
    get(url, Object.fromEntries(pairs(headers).map(([name, value]) => [name, [value]]))),
  'http, a flat list': (url, headers) =>
    get(url, [
      'Host',
      'gateway',
      ...pairs(headers).flatMap(([name, value]) => [capital(name), value]),
    ]),
  'http, set later': (url, headers) =>
    get(url, {}, (request) => {
      for (const [name, value] of pairs(headers)) request.setHeader(name, value);
    }),
  'http, appended later': (url, headers) =>
    get(url, {}, (request) => {
      for (const [name, value] of pairs(headers)) request.appendHeader(name, value);
    }),
  axios: async (url, headers) => String((await axios.get(url, { headers })).data),
  got: (url, headers) => got(url, { headers }).text(),
};

let copy: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<unknown>;

@Controller()
class Gateway {
  @All('pass')
  async pass(
    @Req() request: IncomingMessage & { raw?: IncomingMessage },
    @Res() response: ServerResponse & { raw?: ServerResponse },
  ): Promise<void> {
    const raw = response.raw ?? response;
    await copy(request.raw ?? request, raw);
    if (!raw.writableEnded) raw.end('ok');
  }
}

function gateway(platform: Platform, options: TracingModuleOptions = {}): Promise<TracedApp> {
  return tracedApp(platform)
    .with(options)
    .of({ controllers: [Gateway] })
    .start();
}

const withoutHost = ({ host: _host, connection: _connection, ...rest }: IncomingHttpHeaders) =>
  rest as Record<string, string>;

/** Sends a request through a gateway that copies its headers to a call. */
async function pass(
  app: TracedApp,
  url: string,
  way: Copy,
  sent: Record<string, string> = SENT,
): Promise<{ answered: Headers }> {
  let before: string | undefined;
  let after: string | undefined;
  copy = async (incoming) => {
    before = JSON.stringify(incoming.headers);
    await way(url, withoutHost(incoming.headers));
    after = JSON.stringify(incoming.headers);
  };
  const response = await app.send('/pass', { headers: sent });
  await response.text();
  expect(after).toBe(before);
  return { answered: response.headers };
}

const UNTRUSTING = { trustIncoming: false } as const;

describe.each(PLATFORMS)('headers copied from a caller that is not trusted, on %s', (platform) => {
  it.each(Object.entries(WAYS))(
    'are replaced on the way to a trusted host: %s',
    async (_name, way) => {
      const [server, app] = [await localServer(), await gateway(platform, UNTRUSTING)];
      await pass(app, server.url, way);
      const [line] = await app.sink.finishes(1);
      const [received] = server.received;
      const { headers, rawHeaders } = received!;
      expect(headers).toMatchObject({
        'x-request-id': line!.request_id,
        'x-session-id': line!.session_id,
        traceparent: expect.stringMatching(`^00-${line!.trace_id}-[0-9a-f]{16}-03$`),
        'x-own': 'kept',
        'x-correlation-id': line!.session_id,
        'x-amzn-trace-id': expect.stringContaining(`Root=1-${line!.trace_id.slice(0, 8)}-`),
        'x-cloud-trace-context': expect.stringMatching(`^${line!.trace_id}/\\d+;o=1$`),
        b3: expect.stringMatching(`^${line!.trace_id}-[0-9a-f]{16}-1$`),
        'x-b3-traceid': line!.trace_id,
      });
      expect(headers).not.toHaveProperty('tracestate');
      expect(headers).not.toHaveProperty('baggage');
      expect(rawHeaders.join()).not.toMatch(
        /outside|0af7651916cd43dd|b7ad6b7169203331|vendor|acme/,
      );
      for (const each of Object.keys(SENT)) expect(timesOf(received!, each)).toBeLessThan(2);
    },
  );

  it.each(Object.entries(WAYS))(
    'are removed on the way to another host: %s',
    async (_name, way) => {
      resolveExampleHere();
      const [server, app] = [await localServer(), await gateway(platform, UNTRUSTING)];
      await pass(app, server.untrusted, way);
      const [line] = await app.sink.finishes(1);
      const { headers, rawHeaders } = server.received[0]!;
      jest.restoreAllMocks();
      expect(headers).not.toHaveProperty('x-request-id');
      expect(headers).not.toHaveProperty('x-session-id');
      expect(headers).not.toHaveProperty('x-correlation-id');
      expect(headers['traceparent']).toContain(line!.trace_id);
      expect(rawHeaders.join()).not.toMatch(/outside|0af7651916cd43dd/);
      expect(rawHeaders.join()).not.toContain(line!.session_id);
    },
  );
});

/** Each way in which a gateway asks a proxy for a tunnel. */
const TUNNELS: Record<string, Copy> = {
  'http, an object': (url, headers) => connectTo(url, headers),
  'http, a flat list': (url, headers) =>
    connectTo(url, [
      'Host',
      'other.example:80',
      ...pairs(headers).flatMap(([name, value]) => [capital(name), value]),
    ]),
  'http, set later': (url, headers) =>
    connectTo(url, {}, (request) => {
      for (const [name, value] of pairs(headers)) request.setHeader(name, value);
    }),
  undici: async (url, headers) => {
    const client = new Client(url);
    const { socket } = await client.connect({ path: 'other.example:80', headers });
    socket.destroy();
    await client.destroy();
    return '';
  },
};

function connectTo(
  url: string,
  headers: unknown,
  change: (request: http.ClientRequest) => void = () => {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { method: 'CONNECT', path: 'other.example:80', headers };
    const request = http.request(url, options as http.RequestOptions);
    request.on('error', reject).on('connect', (_response, socket) => {
      socket.destroy();
      resolve('');
    });
    change(request);
    request.end();
  });
}

describe.each(PLATFORMS)('ids that are copied to a request for a tunnel, on %s', (platform) => {
  it.each(Object.entries(TUNNELS))('do not go to its proxy: %s', async (_name, way) => {
    const server = await localServer();
    const opened: IncomingMessage[] = [];
    server.server.on('connect', (request: IncomingMessage, socket: Socket) => {
      opened.push(request);
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    for (const options of [UNTRUSTING, {}]) {
      const app = await gateway(platform, options);
      await pass(app, server.url, way);
    }
    expect(opened).toHaveLength(2);
    for (const { headers, rawHeaders } of opened) {
      expect(headers['x-own']).toBe('kept');
      expect(rawHeaders.join()).not.toMatch(/outside|acme/);
      expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/);
    }
    expect(opened[0]!.rawHeaders.join()).not.toMatch(/0af7651916cd43dd|b7ad6b7169203331|vendor/);
  });
});

describe.each(PLATFORMS)('copied headers on %s', (platform) => {
  const way = WAYS['fetch, an object']!;

  it('of a trusted caller: its ids with a span of our own; none for another host', async () => {
    resolveExampleHere();
    const [server, app] = [await localServer(), await gateway(platform)];
    await pass(app, server.url, way);
    await pass(app, server.untrusted, way);
    const [trusted, other] = server.received;
    jest.restoreAllMocks();
    expect(trusted!.headers).toMatchObject({
      'x-request-id': 'from-outside',
      'x-session-id': 'session-outside',
      'x-correlation-id': 'correlation-outside',
      tracestate: 'vendor=state',
      b3: expect.stringMatching(`^${TRACE}-[0-9a-f]{16}-1$`),
    });
    for (const { headers } of [trusted!, other!]) {
      expect(headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
      expect(headers['traceparent']).not.toContain(SPAN);
      expect(headers).not.toHaveProperty('baggage');
    }
    expect(other!.rawHeaders.join()).not.toMatch(/outside/);
  });

  it('of a cloud, set later: those of this request, whatever the caller says', async () => {
    const [server, app] = [await localServer(), await gateway(platform)];
    const other = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
    await pass(app, server.url, WAYS['http, set later']!, { ...SENT, 'x-amzn-trace-id': other });
    expect(server.received[0]!.headers).toMatchObject({
      'x-request-id': 'from-outside',
      'x-amzn-trace-id': expect.stringContaining(
        `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=`,
      ),
    });
  });

  it('that are invalid or repeated do not cross, and those of the options neither', async () => {
    const options = { requestId: { sources: ['x-request-id', 'X-Call'] } };
    const [server, app] = [await localServer(), await gateway(platform, options)];
    await pass(app, server.url, way, {
      'x-request-id': 'a b',
      'x-session-id': '<b>',
      'x-call': 'c d',
    });
    const [line] = await app.sink.finishes(1);
    expect(server.received[0]!.headers).toMatchObject({
      'x-request-id': line!.request_id,
      'x-session-id': line!.session_id,
      'x-call': line!.request_id,
    });
  });

  it('are left alone where the application set another value, or takes no part', async () => {
    const [server, app] = [await localServer(), await gateway(platform, UNTRUSTING)];
    const own = { 'x-request-id': 'own', 'x-session-id': 'own-session', baggage: 'own=1', b3: '0' };
    await pass(app, server.url, (url, headers) => way(url, { ...headers, ...own }));
    expect(server.received[0]!.headers).toMatchObject(own);
    const silent = await gateway(platform, { outgoing: false });
    await pass(silent, server.url, way);
    expect(server.received[1]!.headers).toMatchObject(SENT);
  });
});

describe.each(PLATFORMS)('ids that the server behind a proxy answers with, on %s', (platform) => {
  const foreign = { 'X-Request-ID': 'upstream-1', 'X-Trace-ID': 'upstream-2', 'X-Own': 'kept' };
  const upstream = (): Promise<LocalServer> =>
    localServer({ listener: (_request, response) => response.writeHead(200, foreign).end('ok') });

  const answers: Record<string, (from: Headers, to: ServerResponse) => void> = {
    setHeader: (from, to) => from.forEach((value, name) => to.setHeader(name, value)),
    appendHeader: (from, to) => from.forEach((value, name) => to.appendHeader(name, value)),
    'writeHead, an object': (from, to) => void to.writeHead(200, Object.fromEntries(from)),
    'writeHead, a list': (from, to) => void to.writeHead(200, 'OK', [...from].flat()),
  };
  it.each(Object.entries(answers))('are replaced: %s', async (_name, answer) => {
    const [server, app] = [await upstream(), await gateway(platform)];
    copy = async (_incoming, outgoing) => {
      const response = await fetch(server.url);
      await response.text();
      const headers = new Headers(response.headers);
      for (const name of ['connection', 'keep-alive', 'transfer-encoding']) headers.delete(name);
      answer(headers, outgoing);
    };
    const response = await app.send('/pass');
    const [line] = await app.sink.finishes(1);
    expect(response.headers.get('x-request-id')).toBe(line!.request_id);
    expect(response.headers.get('x-trace-id')).toBe(line!.trace_id);
    expect(response.headers.get('x-own')).toBe('kept');
  });

  it('are replaced by proxies that others wrote', async () => {
    const server = await upstream();
    const app = await tracedApp(platform)
      .with(UNTRUSTING)
      .prepared(async (nest: INestApplication) => {
        if (platform === 'express') {
          nest.use('/proxied', createProxyMiddleware({ target: server.url, changeOrigin: true }));
          return;
        }
        const { default: proxy } = await import('@fastify/http-proxy');
        const fastify = nest.getHttpAdapter().getInstance() as {
          register(plugin: unknown, options: object): Promise<void>;
        };
        await fastify.register(proxy, { upstream: server.url, prefix: '/proxied' });
      })
      .start();
    const response = await app.send('/proxied/x', { headers: SENT });
    expect(await response.text()).toBe('ok');
    const [line] = await app.sink.finishes(1);
    expect(response.headers.get('x-request-id')).toBe(line!.request_id);
    expect(response.headers.get('x-trace-id')).toBe(line!.trace_id);
    expect(response.headers.get('x-own')).toBe('kept');
    const { headers, rawHeaders } = server.received[0]!;
    expect(headers['x-request-id']).toBe(line!.request_id);
    expect(headers['traceparent']).toContain(line!.trace_id);
    expect(rawHeaders.join()).not.toMatch(/outside|0af7651916cd43dd/);
  });

  it('are sent where the application chose another value, and no echo of a refused one', async () => {
    const app = await gateway(platform, UNTRUSTING);
    copy = async (incoming, outgoing) => {
      outgoing.setHeader('X-Request-ID', incoming.headers['x-request-id'] ?? '');
      outgoing.setHeader('X-Trace-ID', 'chosen');
    };
    const response = await app.send('/pass', { headers: SENT });
    const [line] = await app.sink.finishes(1);
    expect(response.headers.get('x-request-id')).toBe(line!.request_id);
    expect(response.headers.get('x-trace-id')).toBe('chosen');
  });
});
