import { afterEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { compiledProgram } from '../support/compiled-program.js';

const TIMEOUT = 120_000;

/** Collectors that keep an exporter waiting, each in another way. */
const COLLECTORS: Record<string, RequestListener> = {
  'never answers': (request) => void request.resume(),
  'does not read': () => {},
  'closes the connection': (request) => void request.socket.destroy(),
  'resets the connection': (request) => void request.socket.resetAndDestroy(),
  'answers 429 with Retry-After': (_request, response) =>
    void response.writeHead(429, { 'retry-after': '5' }).end(),
  'answers 503 with Retry-After': (_request, response) =>
    void response.writeHead(503, { 'retry-after': '3' }).end(),
  'answers 503 with a date': (_request, response) =>
    void response
      .writeHead(503, { 'retry-after': new Date(Date.now() + 6000).toUTCString() })
      .end(),
  'answers 502': (_request, response) => void response.writeHead(502).end(),
  'redirects to itself': (_request, response) =>
    void response.writeHead(307, { location: '/v1/logs' }).end(),
  'never ends its answer': (_request, response) => void response.writeHead(200).write('{'),
  'never ends its refusal': (_request, response) => void response.writeHead(503).write('{'),
  'answers drop by drop': (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  },
  'takes everything and keeps the connection': (request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200).end());
  },
};

const servers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

async function portOf(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  const port = await portOf(server);
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

/** A server that takes connections and says nothing, so that a handshake never ends. */
async function serveSilence(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  const port = await portOf(server);
  servers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `https://127.0.0.1:${port}`;
}

/** What a process writes that exports to these collectors and closes. */
async function outputOf(collectors: readonly string[], waitMs: number): Promise<string> {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const child = spawn(process.execPath, [compiledProgram('test/otlp/exit.process.ts')], {
    env: {
      ...own,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_BLRP_SCHEDULE_DELAY: '20',
      WAIT_MS: String(waitMs),
      COLLECTORS: collectors.join(','),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  servers.push(() => child.kill('SIGKILL'));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

it.each([0, 150, 1200])(
  'a process ends with its application, whatever its collector does, closed after %i ms',
  async (waitMs) => {
    const collectors = await Promise.all(Object.values(COLLECTORS).map(serve));
    const absent = 'http://127.0.0.1:9';
    const output = await outputOf([...collectors, absent, await serveSilence()], waitMs);
    const [, lived] = /lived (\d+) ms/.exec(output) ?? [];
    // Where something kept it alive, the output says what.
    expect({ inTime: Number(lived) < 500, output }).toMatchObject({ inTime: true });
  },
  TIMEOUT,
);
