import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  Param,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestId, TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';
import { idsOf, overlapRequests, pause, say } from './overlapping-requests.js';
import { expectCallsOf, Upstream } from './upstream.js';

// Fastify's own hooks, as plugins such as @fastify/session use them: `done` comes from the events
// of a connection that is older than every request, or from another request.

/** Calls back later, from a timer of the application and from the request that comes next. */
class SharedConnection {
  private readonly waiting: (() => void)[] = [];
  private readonly timer = setInterval(() => this.drain(), 3);

  ask(answer: () => void): void {
    this.drain();
    this.waiting.push(answer);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private drain(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }
}

type WithSession = FastifyRequest<{ Params: { n?: string } }> & { session?: string };

const numberOf = ({ url }: FastifyRequest): string => /(\d+)(?:\?|$)/.exec(url)?.[1] ?? '';

/** Loads a session in front of the handler, and stores it before the answer is sent. */
function useSessions(fastify: FastifyInstance, connection: SharedConnection): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    connection.ask(() => {
      (request as WithSession).session = `session of ${numberOf(request)}`;
      done();
    });
  });
  fastify.addHook('preHandler', (_request, _reply, done) => connection.ask(done));
  fastify.addHook('onSend', (_request, _reply, payload, done) => {
    connection.ask(() => done(null, payload));
  });
}

/** What another plugin logs. */
function logFromHooks(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, _reply, done) => {
    say(numberOf(request), (request as WithSession).session ?? 'without a session');
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    say(numberOf(request), 'was answered');
    done();
  });
}

type SetUp = (fastify: FastifyInstance) => void;

@Injectable()
class LoggingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    say(numberOf(context.switchToHttp().getRequest()), 'in a guard');
    return true;
  }
}

@Controller()
@UseGuards(LoggingGuard)
class CartsController {
  constructor(private readonly trace: TraceContext) {}

  @Get('carts/:upstream/:n')
  async show(
    @Param('n') n: string,
    @Param('upstream') upstream: string,
    @RequestId() requestId: string,
  ): Promise<object> {
    this.trace.set('own', `own-${n}`);
    say(n, 'showing');
    await (await fetch(`http://127.0.0.1:${upstream}/carts/${n}`)).text();
    await pause();
    say(n, 'shown');
    return { requestId };
  }

  @Get('slow/:n')
  async slow(@Param('n') n: string): Promise<string> {
    this.trace.set('own', `own-${n}`);
    say(n, 'begins');
    if (isSlow(Number(n))) await sleep(HANDLER_TIMEOUT_MS * 4);
    say(n, 'ends');
    return n;
  }

  @Get('stuck/:n')
  async stuck(@Param('n') n: string): Promise<string> {
    this.trace.set('own', `own-${n}`);
    say(n, 'begins');
    await sleep(CONNECTION_TIMEOUT_MS * 4);
    say(n, 'ends');
    return n;
  }
}

const HANDLER_TIMEOUT_MS = 250;
const CONNECTION_TIMEOUT_MS = 100;
const isSlow = (n: number): boolean => n % 4 === 0;

/** Answers what Fastify has given up on. */
@Catch()
class TimeoutFilter implements ExceptionFilter {
  catch(error: Error & { code?: string }, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    say(numberOf(http.getRequest()), `took too long: ${error.code ?? error.message}`);
    const status = error instanceof HttpException ? error.getStatus() : 503;
    void http.getResponse<FastifyReply>().status(status).send('busy');
  }
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface StartedApp {
  readonly port: number;
  readonly sink: LineSink;
  readonly trace: TraceContext;
}

async function start(
  options: ConstructorParameters<typeof FastifyAdapter>[0],
  setUp: {
    /** Before NestJS has its adapter. */
    readonly early?: (fastify: FastifyInstance) => void;
    /** Before the application listens. */
    readonly late?: (fastify: FastifyInstance) => void;
  } = {},
): Promise<StartedApp> {
  const sink = new LineSink();
  @Module({
    imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
    controllers: [CartsController],
  })
  class AppModule {}
  const adapter = new FastifyAdapter({ forceCloseConnections: true, ...(options as object) });
  setUp.early?.(adapter.getInstance() as unknown as FastifyInstance);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    bufferLogs: true,
    abortOnError: false,
    forceCloseConnections: true,
  });
  closing.push(() => app.close());
  app.useLogger(app.get(TracingLogger));
  app.useGlobalFilters(new TimeoutFilter());
  setUp.late?.(adapter.getInstance() as unknown as FastifyInstance);
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return { port, sink, trace: app.get(TraceContext) };
}

function openConnection(): SharedConnection {
  const connection = new SharedConnection();
  closing.push(() => connection.close());
  return connection;
}

describe('hooks of Fastify that go on from a shared connection', () => {
  it.each([
    ['before', 'early'],
    ['after', 'late'],
  ] as const)('and are registered %s NestJS has the instance', async (_, when) => {
    const connection = openConnection();
    const setUps: { early: SetUp[]; late: SetUp[] } = { early: [], late: [] };
    setUps[when].push((fastify) => useSessions(fastify, connection));
    setUps.late.push(logFromHooks);
    const all = (some: SetUp[]) => (fastify: FastifyInstance) =>
      some.forEach((one) => one(fastify));
    const app = await start({}, { early: all(setUps.early), late: all(setUps.late) });
    const upstream = await Upstream.start();
    const { port } = new URL(upstream.url);
    const found = await overlapRequests(app, {
      path: (n) => `/carts/${port}/${n}`,
      lines: () => 5,
    });
    for (const { body, requestId } of found.answers)
      expect(JSON.parse(body)).toEqual({ requestId });
    for (const { n, message } of found.lines) {
      if (message.includes('session')) expect(message).toBe(`session of ${String(n)}`);
    }
    expectCallsOf(found, upstream);
  });
});

describe('timeouts of Fastify', () => {
  it('of handlers are logged for their request', async () => {
    const app = await start({ handlerTimeout: HANDLER_TIMEOUT_MS });
    const { lines } = await overlapRequests(app, {
      path: (n) => `/slow/${n}`,
      status: (n) => (isSlow(n) ? 503 : 200),
      // The guard's, two of the handler, which goes on, and the filter's.
      lines: (n) => (isSlow(n) ? 4 : 3),
    });
    const late = lines.filter(({ message }) => message.startsWith('took too long'));
    // NestJS 11 makes an `HttpException` of the error, without its code.
    expect([...new Set(late.map(({ message }) => message))]).toEqual([
      expect.stringMatching(/^took too long: (?:FST_ERR_HANDLER_TIMEOUT|Request timed out)/),
    ]);
  });

  it('of connections are logged for their request', async () => {
    const app = await start(
      { connectionTimeout: CONNECTION_TIMEOUT_MS },
      {
        late: (fastify) => {
          fastify.addHook('onTimeout', (request, _reply, done) => {
            say(numberOf(request), 'is given up');
            done();
          });
        },
      },
    );
    const count = 40;
    const calls = Array.from({ length: count }, async (_, n) => {
      await sleep(Math.random() * 30);
      const headers = { 'x-request-id': idsOf(n).requestId };
      await expect(fetch(`http://127.0.0.1:${app.port}/stuck/${n}`, { headers })).rejects.toThrow(
        'fetch failed',
      );
    });
    await Promise.all(calls);
    const { sink } = app;
    await eventually(() => sink.linesOf('ends').length >= count, `${count} handlers that end`);
    await sleep(50);
    expect(sink.linesOf('is given up')).toHaveLength(count);
    const own = sink.lines.filter(({ n }) => n !== undefined);
    expect(own.filter((line) => line.request_id !== idsOf(Number(line['n'])).requestId)).toEqual(
      [],
    );
    const finished = sink.finished.map(({ request_id }) => request_id);
    expect(finished.toSorted()).toEqual(
      Array.from({ length: count }, (_, n) => idsOf(n).requestId).toSorted(),
    );
  });
});
