import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Req, Res, type INestApplication } from '@nestjs/common';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { connect as connectTo, Socket } from 'node:net';
import { Duplex, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

/** What a handler is given: Node's own response, or Fastify's object around it. */
type Reply = ServerResponse & { raw?: ServerResponse; hijack?: () => void };

/** Takes a response out of the platform's hands. */
function rawOf(reply: Reply): ServerResponse {
  reply.hijack?.();
  return reply.raw ?? reply;
}

let seen: { request: IncomingMessage; response: ServerResponse }[] = [];

@Controller()
class EndsController {
  @Get()
  hello(@Req() request: IncomingMessage & { raw?: IncomingMessage }, @Res() reply: Reply): void {
    const response = rawOf(reply);
    seen.push({ request: request.raw ?? request, response });
    response.end('hello');
  }

  @Get('later')
  async later(): Promise<string> {
    await sleep(20);
    return 'later';
  }

  @Get('never')
  never(): Promise<never> {
    return new Promise(() => {});
  }

  @Get('twice')
  twice(@Res() reply: Reply): void {
    const response = rawOf(reply);
    response.end('once');
    response.end();
  }

  @Get('half')
  half(@Res() reply: Reply): void {
    rawOf(reply).writeHead(200, { 'content-length': 8 }).write('half');
  }

  @Get('destroyed')
  destroyed(@Res() reply: Reply): void {
    rawOf(reply).destroy();
  }
}

async function start(platform: Platform): Promise<TracedApp> {
  seen = [];
  return tracedApp(platform)
    .of({ controllers: [EndsController] })
    .start();
}

/** By their paths: those on one connection may end in any order. */
const byPath = (lines: readonly Line[]): unknown[][] =>
  lines.toSorted((a, b) => String(a['path']).localeCompare(String(b['path']))).map(endOf);

const endOf = ({ path, status_code: status, outcome }: Line): unknown[] => [path, status, outcome];

/** Sends a text on one connection, and returns the connection. */
async function send({ port }: TracedApp, ...paths: string[]): Promise<Socket> {
  const socket = connectTo(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: shop\r\n\r\n`).join(''));
  return socket;
}

/** The function that handles requests, of either platform. */
function handlerOf(app: INestApplication): (request: object, response: object) => unknown {
  const instance: unknown = app.getHttpAdapter().getInstance();
  const { routing } = instance as { routing?: (request: object, response: object) => unknown };
  return routing ?? (instance as (request: object, response: object) => unknown);
}

function simulatedRequest(url: string, socket: unknown): IncomingMessage {
  const request = new IncomingMessage(socket as Socket);
  Object.assign(request, { method: 'GET', url, headers: { host: 'shop' }, complete: true });
  request.push(null);
  return request;
}

describe.each(PLATFORMS)('the end of a response on a connection, on %s', (platform) => {
  it('is its close, once, however often the connection is used', async () => {
    const app = await start(platform);
    const socket = await send(app, '/', '/later', '/nowhere', '/twice');
    const lines = await app.sink.finishes(4);
    expect(byPath(lines)).toEqual([
      ['/', 200, 'completed'],
      ['/later', 200, 'completed'],
      ['/nowhere', 404, 'completed'],
      ['/twice', 200, 'completed'],
    ]);
    socket.destroy();
    // Nothing is replaced on a response that closes by itself.
    expect(seen.map(({ response }) => Object.hasOwn(response, 'end'))).toEqual([false]);
    expect(seen[0]!.response.listenerCount('close')).toBe(0);
  });

  it('is aborted where the client disconnects, and errored where the server gives up', async () => {
    const app = await start(platform);
    for (const path of ['/half', '/never']) {
      const socket = await send(app, path);
      await sleep(50);
      socket.destroy();
    }
    await send(app, '/destroyed');
    const lines = await app.sink.finishes(3);
    expect(byPath(lines)).toEqual([
      ['/destroyed', undefined, 'errored'],
      ['/half', 200, 'aborted'],
      ['/never', undefined, 'aborted'],
    ]);
  });

  it('is the same on a connection in memory', async () => {
    const app = await start(platform);
    const received: string[] = [];
    const connection = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        received.push(String(chunk));
        done();
      },
    });
    (app.app.getHttpServer() as Server).emit('connection', connection);
    connection.push('GET / HTTP/1.1\r\nhost: shop\r\n\r\n');
    await app.sink.finishes(1);
    connection.push('GET /never HTTP/1.1\r\nhost: shop\r\n\r\n');
    await sleep(20);
    connection.push(null);
    const lines = await app.sink.finishes(2);
    expect(lines.map(endOf)).toEqual([
      ['/', 200, 'completed'],
      ['/never', undefined, 'aborted'],
    ]);
    expect(received.join('')).toContain('hello');
    expect(Object.hasOwn(seen[0]!.response, 'end')).toBe(false);
  });
});

describe.each(PLATFORMS)('the end of a response without a connection, on %s', (platform) => {
  it('comes when all is written, not with the call of `end`', async () => {
    const { app, sink } = await start(platform);
    const waiting: (() => void)[] = [];
    const write = (_chunk: unknown, _encoding: unknown, done: () => void): void => {
      waiting.push(done);
    };
    const socket = Object.assign(new Writable({ write }), { readable: true });
    const request = simulatedRequest('/', socket);
    const response = new ServerResponse(request);
    response.assignSocket(socket as unknown as Socket);
    handlerOf(app)(request, response);
    await eventually(() => response.writableEnded, 'the end of the response');
    await sleep(50);
    expect(sink.finished).toEqual([]);
    while (waiting.length > 0) {
      waiting.shift()!();
      await sleep(1);
    }
    expect((await sink.finishes(1)).map(endOf)).toEqual([['/', 200, 'completed']]);
  });

  it('is the call of `end` where nothing is emitted, and comes once', async () => {
    const { app, sink } = await start(platform);
    const socket = new Socket();
    for (const path of ['/', '/nowhere', '/twice', '/later']) {
      const request = simulatedRequest(path, socket);
      // One without a socket keeps what is written, and never finishes.
      handlerOf(app)(request, new ServerResponse(request));
    }
    const lines = await sink.finishes(4);
    expect(byPath(lines)).toEqual([
      ['/', 200, 'completed'],
      ['/later', 200, 'completed'],
      ['/nowhere', 404, 'completed'],
      ['/twice', 200, 'completed'],
    ]);
    // A mock may share one socket among all its requests.
    const symbols = Object.getOwnPropertySymbols(socket).map(String);
    expect(symbols.filter((name) => name.includes('nestjs-tracing'))).toEqual([]);
  });

  it('is its close where it was cut before', async () => {
    const { app, sink } = await start(platform);
    for (const isAborted of [true, false]) {
      const request = simulatedRequest(`/never`, { remoteAddress: '192.0.2.1' });
      const response = new ServerResponse(request);
      handlerOf(app)(request, response);
      await sleep(20);
      request.aborted = isAborted;
      response.emit('close');
      response.emit('close');
    }
    const lines = await sink.finishes(2);
    expect(lines.map(endOf)).toEqual([
      ['/never', undefined, 'aborted'],
      ['/never', undefined, 'errored'],
    ]);
  });

  it('is right where it closes from within `end`, before it knows that it has ended', async () => {
    const { app, sink } = await start(platform);
    const request = simulatedRequest('/', { remoteAddress: '192.0.2.1' });
    const response = new ServerResponse(request);
    // As some adapters override it: nothing is written, and `writableEnded` stays `false`.
    response.end = function () {
      this.emit('close');
      this.emit('finish');
      return this;
    };
    handlerOf(app)(request, response);
    expect((await sink.finishes(1)).map(endOf)).toEqual([['/', 200, 'completed']]);
    expect(response.writableEnded).toBe(false);
  });
});

describe('a response that is a plain object', () => {
  it('has its line on Express, and its request does not fail', async () => {
    const { app, sink } = await start('express');
    const headers: Record<string, unknown> = {};
    const body = await new Promise((resolve) => {
      const response = {
        statusCode: 200,
        emit: undefined,
        once: undefined,
        setHeader: (name: string, value: unknown) => (headers[name.toLowerCase()] = value),
        getHeader: (name: string) => headers[name.toLowerCase()],
        end: resolve,
      };
      handlerOf(app)(simulatedRequest('/', undefined), response);
    });
    expect(body).toBe('hello');
    const [line] = await sink.finishes(1);
    expect(endOf(line!)).toEqual(['/', 200, 'completed']);
    expect(headers['x-request-id']).toBe(line!.request_id);
  });
});
