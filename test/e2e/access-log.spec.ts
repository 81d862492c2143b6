import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  Sse,
  StreamableFile,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type MessageEvent,
} from '@nestjs/common';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { interval, map, take, type Observable } from 'rxjs';
import type { Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';

@Injectable()
class Forbidding implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException();
  }
}

@Injectable()
class Unauthorizing implements CanActivate {
  canActivate(): boolean {
    throw new UnauthorizedException();
  }
}

@Controller('things')
class ThingsController {
  @Get()
  list(): string[] {
    return [];
  }

  @Get('forbidden')
  @UseGuards(Forbidding)
  forbidden(): void {}

  @Get('unauthorized')
  @UseGuards(Unauthorizing)
  unauthorized(): void {}

  @Get('number/:id')
  number(@Param('id', ParseIntPipe) id: number): number {
    return id;
  }

  @Post()
  @HttpCode(200)
  create(@Body() body: object): object {
    return body;
  }

  @Get('broken')
  broken(): void {
    throw new Error('broken');
  }

  @Get('rejected')
  async rejected(): Promise<void> {
    await sleep(5);
    throw new BadRequestException();
  }

  @Get('slow')
  async slow(): Promise<string> {
    await sleep(300);
    return 'late';
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return interval(5).pipe(
      take(3),
      map((n) => ({ data: { n } })),
    );
  }

  @Sse('endless')
  endless(): Observable<MessageEvent> {
    return interval(5).pipe(map((n) => ({ data: { n } })));
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.alloc(1024, 'a'), Buffer.alloc(1024, 'b')]));
  }

  @Get('torn')
  torn(): StreamableFile {
    const stream = new Readable({ read() {} });
    stream.push('begun');
    setTimeout(() => stream.destroy(new Error('the disk is gone')), 20);
    return new StreamableFile(stream);
  }
}

interface Case {
  readonly name: string;
  /** Path below the prefix; begin with `/` for one outside of it. */
  readonly path: string;
  readonly init?: RequestInit;
  /** Sends the request itself; for what `fetch` cannot do. */
  readonly send?: (app: TracedApp, path: string) => Promise<unknown>;
  readonly line: Partial<Line>;
  /** The template and handler that the line must have. */
  readonly route?: string;
  readonly handler?: string;
}

const json = { 'content-type': 'application/json' };

const CASES: readonly Case[] = [
  {
    name: '200',
    path: 'things',
    line: { status_code: 200, outcome: 'completed', level: 'info', method: 'GET' },
    route: 'things',
    handler: 'list',
  },
  {
    name: 'HEAD',
    path: 'things',
    init: { method: 'HEAD' },
    line: { status_code: 200, outcome: 'completed', method: 'HEAD' },
    route: 'things',
  },
  {
    name: '404 below the prefix',
    path: 'nowhere?session_id=s-1',
    line: { status_code: 404, level: 'warn', outcome: 'completed', session_id: 's-1' },
  },
  {
    name: '404 outside the prefix',
    path: '/elsewhere',
    line: { status_code: 404, level: 'warn', outcome: 'completed', path: '/elsewhere' },
  },
  {
    name: 'guard 403',
    path: 'things/forbidden',
    line: { status_code: 403, level: 'warn', outcome: 'completed' },
    route: 'things/forbidden',
    handler: 'forbidden',
  },
  {
    name: 'guard 401',
    path: 'things/unauthorized',
    line: { status_code: 401, level: 'warn' },
    route: 'things/unauthorized',
    handler: 'unauthorized',
  },
  {
    name: 'pipe 400',
    path: 'things/number/x',
    line: { status_code: 400, level: 'warn' },
    route: 'things/number/:id',
    handler: 'number',
  },
  {
    name: 'malformed JSON',
    path: 'things',
    init: { method: 'POST', headers: json, body: '{"a":' },
    line: { status_code: 400, level: 'warn', method: 'POST' },
  },
  {
    name: '413',
    path: 'things',
    init: { method: 'POST', headers: json, body: JSON.stringify('x'.repeat(2_000_000)) },
    line: { status_code: 413, level: 'warn', method: 'POST' },
  },
  {
    name: 'throw in a middleware',
    path: 'throwing-middleware',
    line: { status_code: 500, level: 'error', outcome: 'errored' },
  },
  {
    name: 'throw in a handler',
    path: 'things/broken',
    line: { status_code: 500, level: 'error', outcome: 'errored' },
    route: 'things/broken',
    handler: 'broken',
  },
  {
    name: 'rejected promise',
    path: 'things/rejected',
    line: { status_code: 400, level: 'warn', outcome: 'completed' },
    route: 'things/rejected',
    handler: 'rejected',
  },
  {
    name: 'CORS preflight',
    path: 'things',
    init: {
      method: 'OPTIONS',
      headers: { origin: 'http://a.test', 'access-control-request-method': 'POST' },
    },
    line: { status_code: 204, level: 'info', outcome: 'completed', method: 'OPTIONS' },
  },
  {
    name: 'client abort',
    path: 'things/slow',
    send: async ({ url }, path) => {
      const abort = new AbortController();
      const response = fetch(url + path, { signal: abort.signal });
      await sleep(50);
      abort.abort();
      await response.catch(() => {});
    },
    line: { outcome: 'aborted', level: 'info' },
    route: 'things/slow',
    handler: 'slow',
  },
  {
    name: 'SSE to its end',
    path: 'things/events',
    line: { status_code: 200, outcome: 'completed' },
    route: 'things/events',
    handler: 'events',
  },
  {
    name: 'SSE that the client leaves',
    path: 'things/endless',
    send: async ({ url }, path) => {
      const abort = new AbortController();
      const response = await fetch(url + path, { signal: abort.signal });
      await response.body!.getReader().read();
      abort.abort();
      return response;
    },
    line: { status_code: 200, outcome: 'aborted', handler_ms: expect.any(Number) },
    route: 'things/endless',
    handler: 'endless',
  },
  {
    name: 'a streamed file',
    path: 'things/file',
    line: { status_code: 200, outcome: 'completed' },
    route: 'things/file',
    handler: 'file',
  },
];

function useThrowingMiddleware(app: INestApplication): void {
  app.use((request: { url: string }, _response: unknown, next: () => void) => {
    if (request.url.endsWith('throwing-middleware')) throw new Error('middleware');
    next();
  });
}

describe.each(PLATFORMS)('the access log line on %s', (platform) => {
  describe.each(['', 'api'])('with the global prefix "%s"', (prefix) => {
    const start = (): Promise<TracedApp> =>
      tracedApp(platform)
        .of({ controllers: [ThingsController] })
        .prepared((app) => {
          if (prefix !== '') app.setGlobalPrefix(prefix);
          app.enableCors();
          useThrowingMiddleware(app);
        })
        .start();

    it.each(CASES)('is one for: $name', async (testCase) => {
      const app = await start();
      const { path } = testCase;
      const target = path.startsWith('/') ? path : `${prefix === '' ? '' : `/${prefix}`}/${path}`;
      const response = (await (testCase.send?.(app, target) ?? app.send(target, testCase.init))) as
        Response | undefined;
      if (testCase.send === undefined) await response!.arrayBuffer();

      const finished = await app.sink.finishes(1);
      expect(finished).toHaveLength(1);
      const [line] = finished as [Line];
      expect(line).toMatchObject(testCase.line);
      expect(line['path']).toBe(target.split('?')[0]);
      expect(line['duration_ms']).toBeGreaterThan(0);
      const template = testCase.route && `${prefix === '' ? '' : `/${prefix}`}/${testCase.route}`;
      if (template !== undefined) expect(line['route']).toBe(template);
      if (testCase.handler !== undefined) {
        expect(line['handler']).toBe(`ThingsController.${testCase.handler}`);
      }
      if (response !== undefined) {
        expect(response.headers.get('x-request-id')).toBe(line.request_id);
        expect(response.headers.get('x-trace-id')).toBe(line.trace_id);
      }
      // Other lines of it (the exception) belong to the same request.
      for (const other of app.sink.lines) expect(other.request_id).toBe(line.request_id);
    });
  });

  const start = (): Promise<TracedApp> =>
    tracedApp(platform)
      .of({ controllers: [ThingsController] })
      .start();

  it('is one for each request on a connection that is kept alive', async () => {
    const { port, sink } = await start();
    const get = (id: string): string =>
      `GET /things HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    for (const id of ['k-1', 'k-2', 'k-3']) {
      socket.write(get(id));
      await sleep(30);
    }
    const finished = await sink.finishes(3);
    socket.destroy();
    expect(finished.map(({ request_id }) => request_id)).toEqual(['k-1', 'k-2', 'k-3']);
  });

  it('is one for each pipelined request, in its own context', async () => {
    const { port, sink } = await start();
    const get = (path: string, id: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    socket.write(get('/things/slow', 'p-1') + get('/things', 'p-2') + get('/things/broken', 'p-3'));
    const finished = await sink.finishes(3);
    socket.destroy();
    expect(finished.map((line) => [line.request_id, line['status_code']])).toEqual([
      ['p-1', 200],
      ['p-2', 200],
      ['p-3', 500],
    ]);
  });

  it('is one for each pipelined request whose client disconnects', async () => {
    const { port, sink } = await start();
    const get = (path: string, id: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    socket.write(get('/things/slow', 'p-1') + get('/things/slow', 'p-2'));
    await sleep(50);
    socket.destroy();
    const finished = await sink.finishes(2);
    expect(finished.map((line) => [line.request_id, line['outcome']])).toEqual(
      expect.arrayContaining([
        ['p-1', 'aborted'],
        ['p-2', 'aborted'],
      ]),
    );
    expect(finished).toHaveLength(2);
  });

  it('leaves nothing behind on a connection that pipelines', async () => {
    const sockets: Socket[] = [];
    const { app, port, sink } = await start();
    (app.getHttpServer() as Server).on('connection', (socket) => sockets.push(socket));
    const client = connect(port, '127.0.0.1').resume();
    client.write('GET /things HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50));
    expect(await sink.finishes(50)).toHaveLength(50);
    expect(sockets).toHaveLength(1);
    expect(sockets[0]!.listenerCount('close')).toBeLessThan(8);
    client.destroy();
  });

  it('is written before an application that cut its connections has closed', async () => {
    const { app, url, sink } = await start();
    const response = fetch(`${url}/things/slow`).catch(() => {});
    await sleep(50);
    await app.close();
    expect(sink.finished).toHaveLength(1);
    await response;
  });

  it('has no status for a client that disconnected before there was one', async () => {
    const { url, sink } = await start();
    await fetch(`${url}/things/slow`, { signal: AbortSignal.timeout(50) }).catch(() => {});
    const [line] = await sink.finishes(1);
    expect(line).not.toHaveProperty('status_code');
  });

  it('says `errored` of a stream that broke after its headers', async () => {
    const { send, sink } = await start();
    await send('/things/torn')
      .then((response) => response.text())
      .catch(() => {});
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ outcome: 'errored' });
  });

  it('measures the handler when an interceptor may, and the whole without one', async () => {
    const withInterceptor = await start();
    await (await withInterceptor.send('/things/rejected')).text();
    const [measured] = await withInterceptor.sink.finishes(1);
    expect(measured!['handler_ms']).toBeGreaterThanOrEqual(3);
    expect(measured!['handler_ms']).toBeLessThanOrEqual(measured!['duration_ms'] as number);

    const without = await tracedApp(platform)
      .with({ interceptor: false })
      .of({ controllers: [ThingsController] })
      .start();
    await (await without.send('/things/number/7')).text();
    const [bare] = await without.sink.finishes(1);
    expect(bare).not.toHaveProperty('handler_ms');
    expect(bare).toMatchObject({
      route: '/things/number/:id',
      handler: 'ThingsController.number',
    });
  });
});
