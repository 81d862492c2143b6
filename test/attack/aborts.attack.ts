import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Post,
  Sse,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type MessageEvent,
} from '@nestjs/common';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Gauge, Registry } from 'prom-client';
import { interval, map, type Observable } from 'rxjs';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { head } from './raw-request.js';

/** Says where a request is, and lets a handler go on. */
const progress = new EventEmitter();

function arrive<T>(place: string, work: T): T {
  setImmediate(() => progress.emit(place));
  return work;
}

@Injectable()
class WaitingGuard implements CanActivate {
  canActivate(): Promise<boolean> {
    return arrive('guard', new Promise((resolve) => progress.once('release', () => resolve(true))));
  }
}

@Controller()
class PhasesController {
  @Get('guard')
  @UseGuards(WaitingGuard)
  guarded(): string {
    return 'ok';
  }

  @Get('handler')
  handler(): Promise<string> {
    return arrive(
      'handler',
      new Promise((resolve) => progress.once('release', () => resolve('ok'))),
    );
  }

  @Get('never')
  never(): Promise<never> {
    return arrive('never', new Promise(() => {}));
  }

  @Get('stream')
  stream(): StreamableFile {
    const endless = new Readable({
      read: () => setTimeout(() => endless.push('x'.repeat(100)), 2),
    });
    return arrive('stream', new StreamableFile(endless));
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return arrive('events', interval(2).pipe(map((number) => ({ data: String(number) }))));
  }

  @Get('quick')
  quick(): string {
    return 'ok';
  }

  @Post('body')
  body(): string {
    return 'ok';
  }
}

interface Abort {
  readonly name: string;
  readonly bytes: string;
  /** What the client waits for before it goes: a place, or the first bytes of the answer. */
  readonly after: string;
  /** Who ends it. Default: the client, without a farewell. */
  readonly by?: 'reset' | 'close of the application';
  /** The outcome on its line; `undefined` where there is no request yet. */
  readonly outcome: 'aborted' | 'errored' | 'completed' | undefined;
}

const get1 = (path: string): string => head('GET', path, 'X-Request-ID: aborted');
const ABORTS: readonly Abort[] = [
  {
    name: 'before the headers are complete',
    bytes: 'GET /quick HTTP/1.1\r\nHost: a\r\nX-Req',
    after: 'connect',
    outcome: undefined,
  },
  {
    name: 'during the body',
    bytes: `${head('POST', '/body', 'X-Request-ID: aborted', 'Content-Type: application/json', 'Content-Length: 100')}{"a":`,
    after: 'request',
    outcome: 'aborted',
  },
  { name: 'in a guard', bytes: get1('/guard'), after: 'guard', outcome: 'aborted' },
  { name: 'in a handler', bytes: get1('/handler'), after: 'handler', outcome: 'aborted' },
  {
    name: 'in a handler that never ends',
    bytes: get1('/never'),
    after: 'never',
    outcome: 'aborted',
  },
  { name: 'in a streamed file', bytes: get1('/stream'), after: 'answer', outcome: 'aborted' },
  { name: 'in server-sent events', bytes: get1('/events'), after: 'answer', outcome: 'aborted' },
  { name: 'behind the answer', bytes: get1('/quick'), after: 'answer', outcome: 'completed' },
];
const ALL: readonly Abort[] = [
  ...ABORTS,
  ...ABORTS.map((abort): Abort => ({ ...abort, name: `${abort.name}, by a reset`, by: 'reset' })),
  ...ABORTS.filter(({ after }) => ['guard', 'handler', 'never', 'answer'].includes(after)).map(
    (abort): Abort => ({
      ...abort,
      name: `${abort.name}, when the application closes`,
      by: 'close of the application',
      // The response breaks on this side.
      outcome: abort.outcome === 'aborted' ? 'errored' : abort.outcome,
    }),
  ),
];
/** Of each, so that one that leaks is seen. */
const TIMES = 5;

describe.each(PLATFORMS)('aborted requests', (platform) => {
  it.each(ALL)(`on ${platform}: $name`, async ({ bytes, after, by, outcome }) => {
    const registry = new Registry();
    const { app, port, sink } = await tracedApp(platform)
      .of({
        controllers: [PhasesController],
        imports: [TracingMetricsModule.forRoot({ registry })],
      })
      .start();
    const server = app.getHttpServer() as Server;
    let requests = 0;
    server.on('request', () => void (requests += 1));
    const sockets = await Promise.all(
      Array.from({ length: TIMES }, async () => {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        let answered = false;
        socket.on('data', () => (answered = true));
        await new Promise((resolve) => socket.once('connect', resolve));
        const reached = reach(
          after,
          socket,
          () => answered,
          () => requests > 0,
        );
        socket.write(bytes);
        await reached;
        return socket;
      }),
    );
    if (outcome !== undefined) await eventually(() => requests >= TIMES, 'all requests');
    let closing: Promise<void> | undefined;
    if (by === 'close of the application') {
      closing = app.close();
      setTimeout(() => server.closeAllConnections(), 20);
    } else {
      for (const socket of sockets) {
        if (by === 'reset') socket.resetAndDestroy();
        else socket.destroy();
      }
    }
    await eventually(() => sockets.every((socket) => socket.destroyed), 'the ends');
    if (outcome !== undefined) {
      await eventually(() => sink.finished.length >= TIMES, 'the access log lines');
    }
    progress.emit('release');
    await closing;
    // A request that is right behind them, as a sign that nothing more comes.
    if (closing === undefined) {
      await fetch(`http://127.0.0.1:${port}/quick`, { headers: { 'x-request-id': 'after' } });
      await eventually(() => sink.finished.some(({ request_id }) => request_id === 'after'), 'it');
    }
    const lines = sink.finished.filter(({ request_id }) => request_id !== 'after');
    expect(lines.map((line) => line['outcome'])).toEqual(
      outcome === undefined ? [] : Array.from({ length: TIMES }, () => outcome),
    );
    expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(lines.length);
    const gauge = registry.getSingleMetric('http_server_active_requests') as Gauge;
    const { values } = await gauge.get();
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(0);
    await eventually(() => progress.eventNames().length === 0, 'the handlers');
  });
});

/** Resolves when a client may go. */
async function reach(
  after: string,
  socket: Socket,
  isAnswered: () => boolean,
  isSeen: () => boolean,
): Promise<void> {
  if (after === 'connect') return undefined;
  if (after === 'answer') return eventually(isAnswered, 'an answer');
  if (after === 'request') return eventually(isSeen, 'the request');
  let arrived = false;
  progress.once(after, () => (arrived = true));
  return eventually(() => arrived || socket.destroyed, after);
}
