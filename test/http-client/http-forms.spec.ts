import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
const folder = mkdtempSync(join(tmpdir(), 'outgoing-'));
const tls = { key: '', cert: '' };

beforeAll(() => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  tls.key = readFileSync(key, 'utf8');
  tls.cert = readFileSync(cert, 'utf8');
});

/** Ends a request unless that was done, and reads the answer. */
async function bodyOf(request: ClientRequest, isEnded = false): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
    if (!isEnded) request.end();
  });
  return text(response);
}

type Call = (server: LocalServer) => Promise<string>;

const withCallback = (make: (done: (response: IncomingMessage) => void) => ClientRequest) =>
  new Promise<string>((resolve, reject) => {
    make((response) => void text(response).then(resolve, reject))
      .once('error', reject)
      .end();
  });

const FORMS: Record<string, Call> = {
  'request(string)': ({ url }) => bodyOf(http.request(`${url}/x?secret=1`)),
  'request(string, callback)': ({ url }) =>
    withCallback((done) => http.request(`${url}/x?secret=1`, done)),
  'request(URL)': ({ url }) => bodyOf(http.request(new URL(`${url}/x?secret=1`))),
  'request(URL, options, callback)': ({ url }) =>
    withCallback((done) =>
      http.request(new URL(`${url}/x?secret=1`), { headers: { 'X-Own': 'own' } }, done),
    ),
  'request(string, options)': ({ url }) =>
    bodyOf(http.request(`${url}/x?secret=1`, { method: 'GET', headers: { 'X-Own': 'own' } })),
  'request(options)': ({ port }) =>
    bodyOf(http.request({ host: 'LOCALHOST', family: 4, port, path: '/x?secret=1' })),
  'request(options, callback)': ({ port }) =>
    withCallback((done) =>
      http.request({ hostname: '127.0.0.1', port, path: '/x?secret=1' }, done),
    ),
  'get(string)': ({ url }) => bodyOf(http.get(`${url}/x?secret=1`), true),
  'get(URL, callback)': ({ url }) =>
    withCallback((done) => http.get(new URL(`${url}/x?secret=1`), done)),
  'get(options)': ({ port }) =>
    bodyOf(http.get({ host: 'localhost', family: 4, port, path: '/x?secret=1' }), true),
  'headers as a list of pairs': ({ url, port }) => {
    const headers = [
      ['Host', `127.0.0.1:${port}`],
      ['X-Own', 'own'],
    ];
    return bodyOf(http.request(`${url}/x?secret=1`, { headers } as never));
  },
  'headers as a flat list': ({ url, port }) => {
    const headers = ['Host', `127.0.0.1:${port}`, 'X-Own', 'own'];
    return bodyOf(http.request(`${url}/x?secret=1`, { headers }));
  },
  'a list of headers that is written before it ends': ({ url, port }) => {
    const headers = ['Host', `127.0.0.1:${port}`, 'Transfer-Encoding', 'chunked'];
    const request = http.request(`${url}/x?secret=1`, { method: 'GET', headers });
    request.write('body');
    return bodyOf(request);
  },
  'no agent': ({ url }) => bodyOf(http.request(`${url}/x?secret=1`, { agent: false })),
  createConnection: ({ url, port }) =>
    bodyOf(
      http.request(`${url}/x?secret=1`, {
        createConnection: () => net.connect(port, '127.0.0.1'),
      }),
    ),
  'new ClientRequest with headers that are set later': ({ url }) => {
    const request = http.request(`${url}/x?secret=1`);
    request.setHeader('X-Own', 'own');
    request.flushHeaders();
    return bodyOf(request);
  },
};

describe('node:http carries the trace', () => {
  it.each(Object.entries(FORMS))('%s', async (_form, call) => {
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
    expect(received!.headers['baggage']).toBeUndefined();
    for (const name of ['traceparent', 'tracestate', 'x-request-id', 'x-session-id', 'host']) {
      expect([name, timesOf(received!, name)]).toEqual([name, 1]);
    }
    const { host } = received!.headers;
    expect(span).toMatchObject({
      name: `GET ${host!.toLowerCase()}/x`,
      kind: 'client',
      failed: false,
      durationMs: expect.any(Number),
    });
    expect(span!.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': host!.toLowerCase().replace(/:\d+$/, ''),
      'server.port': server.port,
      'url.scheme': 'http',
      'url.path': '/x',
      'http.response.status_code': 200,
    });
  });

  it('with Expect: 100-continue, whose head is on its way at once', async () => {
    const server = await localServer();
    const app = await callingApp();
    const body = await app.run(() => {
      const headers = { Expect: '100-continue', 'Content-Length': '4' };
      const request = http.request(`${server.url}/x`, { method: 'POST', headers });
      let continued = 0;
      request.on('continue', () => {
        continued++;
        request.end('body');
      });
      return bodyOf(request, true).then((answered) => `${answered} ${continued}`);
    });
    expect(body).toBe('ok 1');
    const [span] = await app.ended(1);
    expect(server.received[0]).toMatchObject({ method: 'POST', body: 'body' });
    expect(server.received[0]!.headers['traceparent']).toBe(`00-${TRACE_ID}-${span!.spanId}-01`);
    expect(server.received[0]!.headers['x-session-id']).toBe(SESSION_ID);
    expect(timesOf(server.received[0]!, 'traceparent')).toBe(1);
    expect(span!.attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  it('with Expect in a list of headers', async () => {
    const server = await localServer();
    const app = await callingApp();
    const headers = ['Host', 'x', 'Expect', '100-continue', 'Content-Length', '4'];
    await app.run(() => {
      const request = http.request(`${server.url}/x`, { method: 'POST', headers });
      request.on('continue', () => request.end('body'));
      return bodyOf(request, true);
    });
    expect(timesOf(server.received[0]!, 'traceparent')).toBe(1);
    expect(server.received[0]!.body).toBe('body');
  });

  it('over IPv6', async () => {
    const server = await localServer({ host: '::1' });
    const app = await callingApp();
    await app.run(() => bodyOf(http.request(`${server.url}/x`)));
    await app.run(() => bodyOf(http.request({ host: '::1', port: server.port, path: '/x' })));
    for (const { headers } of server.received) expect(headers['x-session-id']).toBe(SESSION_ID);
    for (const span of await app.ended(2)) {
      expect(span.name).toBe(`GET [::1]:${server.port}/x`);
      expect(span.attributes).toMatchObject({
        'server.address': '::1',
        'server.port': server.port,
      });
    }
  });

  it('over a socket of the file system', async () => {
    const path = join(folder, 'http.sock');
    const server = await localServer({ path });
    const app = await callingApp();
    await app.run(() => bodyOf(http.request({ socketPath: path, path: '/x?y' })));
    expect(server.received[0]!.headers['x-session-id']).toBe(SESSION_ID);
    expect((await app.ended(1))[0]!.name).toBe('GET localhost/x');
  });

  it('over TLS, in all forms', async () => {
    const server = await localServer({ tls });
    const app = await callingApp();
    const options = { rejectUnauthorized: false };
    const agent = new https.Agent({ keepAlive: true, ...options });
    await app.run(async () => {
      await bodyOf(https.request(`${server.url}/1`, options));
      await bodyOf(https.request(new URL(`${server.url}/2`), { agent }));
      await bodyOf(https.request({ host: '127.0.0.1', port: server.port, path: '/3', agent }));
      await bodyOf(https.get(`${server.url}/4`, options), true);
      await withCallback((done) => https.get({ ...options, port: server.port, path: '/5' }, done));
      await bodyOf(https.request(`${server.untrusted}/6`, { agent }));
    });
    agent.destroy();
    const spans = await app.ended(6);
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual(
      spans.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-01`),
    );
    expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
      ...Array.from({ length: 5 }, () => SESSION_ID),
      undefined,
    ]);
  });

  it('on connections that are kept, each call with a span of its own', async () => {
    const server = await localServer();
    const app = await callingApp();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let connections = 0;
    server.server.on('connection', () => connections++);
    const calls = Array.from({ length: 10 }, (_, i) =>
      app.trace.run({ requestId: `req-${i}` }, async () => {
        await bodyOf(http.request(`${server.url}/${i}`, { agent }));
      }),
    );
    await Promise.all(calls);
    agent.destroy();
    expect(connections).toBe(1);
    for (const { url, headers } of server.received) {
      expect(headers['x-request-id']).toBe(`req-${url.slice(1)}`);
    }
    const ids = (await app.ended(10)).map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(10);
    expect(
      server.received.map(({ headers }) => String(headers['traceparent']).split('-')[2]),
    ).toEqual(ids);
  });
});

describe('the port of a call', () => {
  it('is not taken from a Host header that names another server', async () => {
    const server = await localServer();
    const app = await callingApp();
    const headers = { Host: 'shop.example:8443' };
    await app.run(() => bodyOf(http.request(`${server.url}/x`, { headers })));
    const [span] = await app.ended(1);
    expect(span!.name).toBe('GET 127.0.0.1/x');
    expect(span!.attributes).not.toHaveProperty('server.port');
    expect(server.received[0]!.headers.host).toBe('shop.example:8443');
  });

  it('is that of the scheme when none is given', async () => {
    const app = await callingApp();
    const createConnection = () => net.connect('/no/socket');
    const call = () => bodyOf(http.request('http://localhost/x', { createConnection }));
    await expect(app.run(call)).rejects.toThrow('ENOENT');
    const [span] = await app.ended(1);
    expect(span!.name).toBe('GET localhost/x');
    expect(span!.attributes).toMatchObject({ 'server.port': 80 });
  });
});

describe('which host gets which headers', () => {
  const sentTo = async (server: LocalServer, call: () => ClientRequest) => {
    const app = await callingApp();
    await app.run(() => bodyOf(call()));
    return server.received[0]!.headers;
  };

  it('is a matter of the host', async () => {
    const server = await localServer();
    const headers = await sentTo(server, () => http.request(`${server.untrusted}/x`));
    expect(headers['traceparent']).toMatch(TRACE_ID);
    expect(headers['tracestate']).toBe('vendor=state');
    expect(headers).not.toHaveProperty('x-request-id');
    expect(headers).not.toHaveProperty('x-session-id');
  });

  it.each([
    '//localhost/x',
    '//user@localhost/x',
    '/x?http://localhost/',
    '@localhost/x',
    'localhost',
    '*',
    '\\\\localhost\\x',
  ])('and not of a path like %s', async (path) => {
    // Node's own server does not take all of them.
    let head = '';
    const server = net.createServer((socket) => {
      socket.on('data', (chunk) => {
        head += String(chunk);
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    keepForClosing(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const app = await callingApp();
    await app.run(() => bodyOf(http.request({ host: UNTRUSTED, port, path })));
    expect(head).toContain(`traceparent: 00-${TRACE_ID}`);
    expect(head).not.toContain('x-session-id');
  });

  it.each([
    'localhost#.evil.example',
    'localhost/.evil.example',
    'localhost:80@evil.example',
    'localhost?.evil.example',
    'local\thost.evil.example',
    'localhost\\.evil.example',
  ])('and not of what a URL would make of a host like %j', async (host) => {
    const server = await localServer();
    const { port } = server;
    const headers = await sentTo(server, () =>
      http.request({ host, port, path: '/x', headers: { host: 'x' } }),
    );
    expect(headers['traceparent']).toMatch(TRACE_ID);
    expect(headers).not.toHaveProperty('x-session-id');
  });

  const PROXIES = ['127.0.0.1', 'localhost', UNTRUSTED];
  it.each(PROXIES)('is a matter of the host behind a proxy, and of the proxy: %s', async (host) => {
    const proxy = await localServer();
    const { port } = proxy;
    const sessions: unknown[][] = [];
    // `Host` does not say whether a call goes through a proxy: its whole URL does.
    const HOSTS = ['x', 'api.example', 'api.example:8080', host, ''];
    for (const trusted of [['api.example'], ['api.example', host]]) {
      const app = await callingApp({ outgoing: { trusted } });
      await app.run(async () => {
        for (const header of HOSTS) {
          const headers = { host: header };
          for (const path of ['http://other.example/1?secret=1', 'ftp://other.example/2']) {
            await bodyOf(http.request({ host, port, path, headers }));
          }
          const path = 'http://user:secret@API.example:8080/3?secret=1';
          await bodyOf(http.request({ host, port, path, headers }));
        }
      });
      const spans = await app.ended(3 * HOSTS.length);
      expect(spans.slice(0, 3).map(({ name }) => name)).toEqual([
        'GET other.example/1',
        'GET other.example/2',
        'GET api.example:8080/3',
      ]);
      expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('secret');
      sessions.push(proxy.received.splice(0).map(({ headers }) => headers['x-session-id']));
    }
    expect(sessions).toEqual([
      HOSTS.flatMap(() => [undefined, undefined, undefined]),
      HOSTS.flatMap(() => [undefined, undefined, SESSION_ID]),
    ]);
  });

  it('is a matter of the host alone where a whole URL names the host that it is sent to', async () => {
    const server = await localServer();
    const app = await callingApp();
    const { port } = server;
    await app.run(async () => {
      for (const host of ['x', `127.0.0.1:${port}`]) {
        const path = `http://127.0.0.1:${port}/x`;
        await bodyOf(http.request({ host: '127.0.0.1', port, path, headers: { host } }));
      }
    });
    expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
      SESSION_ID,
      SESSION_ID,
    ]);
  });

  it('is no host when a tunnel opens, and the target host in what goes through it', async () => {
    const server = await localServer();
    const opened: Record<string, unknown>[] = [];
    const proxy = http.createServer().on('connect', (request, socket) => {
      opened.push(request.headers);
      const upstream = net.connect(server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      socket.on('error', () => {});
    });
    keepForClosing(proxy);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    const app = await callingApp();
    await app.run(async () => {
      const tunnel = http.request({ port, method: 'CONNECT', path: `${UNTRUSTED}:80` });
      const socket = await new Promise<net.Socket>((resolve) => {
        tunnel.once('connect', (_response, connected) => resolve(connected)).end();
      });
      const createConnection = () => socket;
      await bodyOf(http.request({ host: UNTRUSTED, path: '/x', createConnection }));
    });
    expect(opened).toEqual([expect.not.objectContaining({ traceparent: expect.anything() })]);
    expect(server.received[0]!.headers['traceparent']).toMatch(TRACE_ID);
    expect(server.received[0]!.headers).not.toHaveProperty('x-session-id');
    expect(await app.ended(1)).toHaveLength(1);
  });
});
