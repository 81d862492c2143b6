import { describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import http, { type ClientRequestArgs } from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import * as undici from 'undici';
import { callingApp, SESSION_ID } from './calling-app.js';
import { localServer, resolveExampleHere, type LocalServer } from './local-server.js';

resolveExampleHere();

const TARGET = 'stock.example';
const PROXY = 'proxy.example';

/** Sends calls through a proxy in clear, as `http-proxy-agent` does: the request shows it late. */
class ForwardingAgent extends http.Agent {
  constructor(
    private readonly proxy: string,
    private readonly port: number,
  ) {
    super();
  }

  override createConnection(): net.Socket {
    return net.connect(this.port, this.proxy);
  }

  override addRequest(request: http.ClientRequest, options: ClientRequestArgs): void {
    request.path = `http://${options.host}${request.path}`;
    super.addRequest(request, options);
  }
}

declare module 'node:http' {
  interface Agent {
    addRequest(request: http.ClientRequest, options: ClientRequestArgs): void;
  }
}

/** A proxy that answers what is sent to it, and what is sent through its tunnels. */
async function proxyServer(): Promise<LocalServer> {
  const proxy = await localServer();
  proxy.server.on('connect', (_request: unknown, socket: net.Socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    proxy.server.emit('connection', socket);
  });
  return proxy;
}

function answerOf(request: http.ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => response.resume().on('end', resolve));
    request.on('error', reject).end();
  });
}

async function bodyOf(answer: Promise<undici.Dispatcher.ResponseData>): Promise<void> {
  await (await answer).body.text();
}

async function closing<T extends undici.Dispatcher>(
  dispatcher: T,
  use: (dispatcher: T) => Promise<void>,
): Promise<void> {
  try {
    await use(dispatcher);
  } finally {
    await dispatcher.close();
  }
}

/** How a call to {@link TARGET} gets to a server of another name. */
const THROUGH: Record<string, (server: LocalServer, name: string) => Promise<unknown>> = {
  'an agent that forwards': ({ port }, name) =>
    answerOf(http.request({ host: TARGET, path: '/x', agent: new ForwardingAgent(name, port) })),
  'an agent that connects elsewhere': ({ port }, name) => {
    const agent = new http.Agent();
    Object.assign(agent, { createConnection: () => net.connect(port, name) });
    return answerOf(http.request({ host: TARGET, path: '/x', agent }));
  },
  'an agent whose options name a host': ({ port }, name) => {
    const agent = new http.Agent({ host: name, port } as http.AgentOptions);
    return answerOf(http.request({ host: TARGET, path: '/x', agent }));
  },
  'a connection of the request': ({ port }, name) =>
    answerOf(
      http.request({ host: TARGET, path: '/x', createConnection: () => net.connect(port, name) }),
    ),
  'a connection that comes later': ({ port }, name) =>
    answerOf(
      http.request({
        host: TARGET,
        path: '/x',
        createConnection: (_options, done) => {
          const socket = net.connect(port, name, () => done(null, socket));
          return undefined;
        },
      }),
    ),
  axios: ({ port }, name) =>
    axios.get(`http://${TARGET}/x`, {
      adapter: 'http',
      proxy: { protocol: 'http', host: name, port },
    }),
  "undici's ProxyAgent": ({ port }, name) =>
    closing(
      new undici.ProxyAgent({ uri: `http://${name}:${port}`, proxyTunnel: false }),
      async (dispatcher) => {
        // On a new connection, and on one that is kept.
        await bodyOf(undici.request(`http://${TARGET}/1`, { dispatcher }));
        await bodyOf(undici.request(`http://${TARGET}/2`, { dispatcher }));
      },
    ),
  "a tunnel of undici's ProxyAgent": ({ port }, name) =>
    closing(
      new undici.ProxyAgent({ uri: `http://${name}:${port}`, proxyTunnel: true }),
      (dispatcher) => bodyOf(undici.request(`http://${TARGET}/x`, { dispatcher })),
    ),
  "undici's EnvHttpProxyAgent": ({ port }, name) =>
    closing(
      new undici.EnvHttpProxyAgent({ httpProxy: `http://${name}:${port}`, noProxy: '' }),
      (dispatcher) => bodyOf(undici.request(`http://${TARGET}/x`, { dispatcher })),
    ),
  'a connector of an undici agent': ({ port }, name) =>
    closing(
      new undici.Agent({
        connect: (_options, done) => {
          const socket = net.connect(port, name, () => done(null, socket));
        },
      }),
      (dispatcher) => bodyOf(undici.request(`http://${TARGET}/x`, { dispatcher })),
    ),
};

/** The sessions that a server was sent, after each call has reached it. */
function sessionsOf({ received }: LocalServer): unknown[] {
  const calls = received.filter(({ method }) => method !== 'CONNECT');
  expect(calls.length).toBeGreaterThan(0);
  for (const { headers } of calls) expect(headers['traceparent']).toBeDefined();
  return [...new Set(calls.map(({ headers }) => headers['x-session-id']))];
}

describe.each(Object.entries(THROUGH))('a call to a trusted host through %s', (_what, call) => {
  it.each([PROXY, '127.0.0.1', 'localhost'])(
    'carries no ids where %s is not named as trusted',
    async (name) => {
      const proxy = await proxyServer();
      const app = await callingApp({ outgoing: { trusted: [TARGET] } });
      await app.run(() => call(proxy, name));
      expect(sessionsOf(proxy)).toEqual([undefined]);
    },
  );

  it('carries ids where the proxy is trusted too', async () => {
    const proxy = await proxyServer();
    const app = await callingApp({ outgoing: { trusted: [TARGET, PROXY] } });
    await app.run(() => call(proxy, PROXY));
    expect(sessionsOf(proxy)).toEqual([SESSION_ID]);
  });

  it('carries no ids where only the proxy is trusted', async () => {
    const proxy = await proxyServer();
    const app = await callingApp({ outgoing: { trusted: [PROXY] } });
    await app.run(() => call(proxy, PROXY));
    expect(sessionsOf(proxy)).toEqual([undefined]);
  });
});

/** A stream that is no socket, as tunnels over SSH return it. */
function duplexTo(port: number): Duplex {
  const socket = net.connect(port, '127.0.0.1');
  return Duplex.from({ readable: socket, writable: socket });
}

describe('a call through an agent of its own that connects to the host of the call', () => {
  class OwnAgent extends http.Agent {
    override createConnection(options: net.TcpNetConnectOpts): net.Socket {
      return net.connect(options);
    }
  }

  it.each(['127.0.0.1', 'localhost', TARGET])('carries ids to %s', async (host) => {
    const server = await localServer();
    const app = await callingApp({ outgoing: { trusted: [TARGET] } });
    const agent = new OwnAgent({ keepAlive: true });
    const options = { host, port: server.port, agent };
    await app.run(async () => {
      await answerOf(http.request(options));
      await answerOf(http.request(options));
      await answerOf(http.request({ ...options, headers: ['Host', host, 'X-Own', 'kept'] }));
      await new Promise<void>((resolve, reject) => {
        const request = http.request({ ...options, method: 'POST' }, (response) =>
          response.resume().on('end', resolve),
        );
        request.on('error', reject).end('a body');
      });
    });
    agent.destroy();
    expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual(
      Array.from({ length: 4 }, () => SESSION_ID),
    );
    expect(server.received[2]!.headers['x-own']).toBe('kept');
    expect(server.received[3]!.body).toBe('a body');
  });

  it('carries no ids over a connection that does not show where it leads', async () => {
    const server = await localServer();
    const app = await callingApp({ outgoing: { trusted: [TARGET] } });
    const createConnection = (): Duplex => duplexTo(server.port);
    await app.run(() => answerOf(http.request({ host: TARGET, createConnection })));
    expect(sessionsOf(server)).toEqual([undefined]);
  });
});

describe('a host whose name was made an address', () => {
  const named = (name: string, port: number) => ({
    'by an interceptor of undici': () =>
      closing(new undici.Agent(), (agent) => {
        const lookup: undici.interceptors.DNSInterceptorOpts['lookup'] = (
          _origin,
          _options,
          done,
        ) => done(null, [{ address: '127.0.0.1', family: 4, ttl: 1000 }]);
        const dispatcher = agent.compose(undici.interceptors.dns({ lookup }));
        return bodyOf(undici.request(`http://${name}:${port}/x`, { dispatcher }));
      }),
    'by the application': () =>
      answerOf(http.request({ host: '127.0.0.1', port, headers: { host: `${name}:${port}` } })),
  });

  it.each(['by an interceptor of undici', 'by the application'] as const)(
    'is judged by its name: %s',
    async (how) => {
      const server = await localServer();
      const app = await callingApp({ outgoing: { trusted: [TARGET] } });
      await app.run(async () => {
        await named('courier.example', server.port)[how]();
        await named(TARGET, server.port)[how]();
      });
      expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
        undefined,
        SESSION_ID,
      ]);
    },
  );
});

describe('a socket of the file system', () => {
  it.each(['http', 'undici'])(
    'is read on this machine, for the host of the call: %s',
    async (by) => {
      const socketPath = path.join(os.tmpdir(), `readers-${process.pid}-${by}.sock`);
      const server = await localServer({ path: socketPath });
      const app = await callingApp({ outgoing: { trusted: [TARGET] } });
      const call = (host: string): Promise<void> =>
        by === 'http'
          ? answerOf(http.request({ host, socketPath }))
          : closing(new undici.Client(`http://${host}`, { socketPath }), (client) =>
              bodyOf(client.request({ path: '/', method: 'GET' })),
            );
      await app.run(async () => {
        for (const host of ['localhost', TARGET, 'courier.example']) await call(host);
      });
      expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
        SESSION_ID,
        SESSION_ID,
        undefined,
      ]);
    },
  );
});

describe('a call over HTTP/2, with undici', () => {
  it('carries ids to a host that is trusted, and to no other', async () => {
    const { key, cert } = certificate();
    const received: http2.IncomingHttpHeaders[] = [];
    const server = http2.createSecureServer({ key, cert }, (request, response) => {
      received.push(request.headers);
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const app = await callingApp({ outgoing: { trusted: [TARGET] } });
    const agent = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    await closing(agent, async (dispatcher) => {
      for (const host of [TARGET, TARGET, 'courier.example', '127.0.0.1']) {
        const url = `https://${host}:${port}/x`;
        await app.run(() => bodyOf(undici.request(url, { dispatcher })));
        await app.run(async () => (await undici.fetch(url, { dispatcher })).text());
      }
    });
    server.close();
    const twice = (session: string | undefined) => [session, session];
    expect(received.map((headers) => headers[':method'])).toEqual(Array(8).fill('GET'));
    expect(received.map((headers) => headers['x-session-id'])).toEqual(
      [SESSION_ID, SESSION_ID, undefined, SESSION_ID].flatMap(twice),
    );
    for (const headers of received) expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-/);
    expect(new Set(received.map((headers) => headers['traceparent'])).size).toBe(8);
  });
});

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'readers-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
