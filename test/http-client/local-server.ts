import { afterEach, jest } from '@jest/globals';
import dns from 'node:dns';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A host that is not trusted: this machine. */
export const UNTRUSTED = 'untrusted.example';

/** A request as the server received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A real server, and the requests that it received. */
export interface LocalServer {
  readonly server: Server;
  readonly port: number;
  /** Under a name that is trusted, and under one that is not. */
  readonly url: string;
  readonly untrusted: string;
  readonly received: ReceivedRequest[];
}

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
});

type Resolved = (error: null, address: unknown, family?: number) => void;

/** Lets all names that end in `.example` be this machine. */
export function resolveExampleHere(): void {
  const { lookup } = dns;
  const resolve = (name: string, options: { all?: boolean }, done: Resolved): void => {
    if (!/\.example\.?$/i.test(name)) {
      lookup(name, options, done as never);
      return;
    }
    const here = { address: '127.0.0.1', family: 4 };
    process.nextTick(() => {
      if (options.all === true) done(null, [here]);
      else done(null, here.address, here.family);
    });
  };
  jest.spyOn(dns, 'lookup').mockImplementation(resolve as never);
}

/**
 * Answers `/redirect/<status>?to=<url>` with a redirect, `/status/<status>` with that, `/hang`
 * never, `/reset` by hanging up, `/cut` by hanging up in the middle, and all else with `ok`.
 */
const answer: RequestListener = (request, response) => {
  const url = new URL((request.url ?? '').replace(/^(?!\/)/, '/?'), 'http://localhost');
  const [, what, status] = url.pathname.split('/');
  if (what === 'redirect') {
    response.writeHead(Number(status), { location: url.searchParams.get('to') ?? '/' }).end();
  } else if (what === 'status') {
    response.writeHead(Number(status)).end();
  } else if (what === 'reset') {
    request.socket.destroy();
  } else if (what === 'cut') {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => setTimeout(() => request.socket.destroy(), 20));
  } else if (what !== 'hang') {
    response.end('ok');
  }
};

export async function localServer({
  listener = answer,
  tls,
  host = '127.0.0.1',
  path,
}: {
  listener?: RequestListener;
  tls?: { key: string; cert: string };
  host?: string;
  /** A socket of the file system instead of a port. */
  path?: string;
} = {}): Promise<LocalServer> {
  const received: ReceivedRequest[] = [];
  const takeDown: (...args: Parameters<RequestListener>) => Promise<void> = async (
    request,
    response,
  ) => {
    const body = await text(request);
    const { method = '', url = '', headers, rawHeaders } = request;
    received.push({ method, url, headers, rawHeaders, body });
    listener(request, response);
  };
  const onRequest: RequestListener = (...args) => void takeDown(...args);
  const server =
    tls === undefined
      ? createServer({ requireHostHeader: false }, onRequest)
      : https.createServer(tls, onRequest);
  keepForClosing(server);
  await new Promise<void>((resolve) =>
    path === undefined ? server.listen(0, host, resolve) : server.listen(path, resolve),
  );
  const address = server.address() as AddressInfo | string;
  const port = typeof address === 'string' ? 0 : address.port;
  const scheme = tls === undefined ? 'http' : 'https';
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    server,
    port,
    url: `${scheme}://${name}:${port}`,
    untrusted: `${scheme}://${UNTRUSTED}:${port}`,
    received,
  };
}

/** Closes a server and its connections after the test. */
export function keepForClosing(server: Server): void {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
}

/** How often a header was sent, in any case. */
export function timesOf({ rawHeaders }: ReceivedRequest, name: string): number {
  return rawHeaders.filter((item, i) => i % 2 === 0 && item.toLowerCase() === name).length;
}
