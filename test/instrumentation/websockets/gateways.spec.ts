import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  Injectable,
  Logger,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  BaseWsExceptionFilter,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { setTimeout as sleep } from 'node:timers/promises';
import { concat, defer, interval, map, NEVER, of, Subject, take, tap, throwError } from 'rxjs';
import { ClsService } from 'nestjs-cls';
import { RequestId, SessionId, TraceContext, TraceId } from '../../../src/index.js';
import { eventually, type Line, type LineSink } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import {
  answersOf,
  connect,
  SOCKET_PLATFORMS,
  useSocketAdapter,
  type SocketPlatform,
} from './clients.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const HANDSHAKE = {
  traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
  'x-request-id': 'handshake-1',
  'x-session-id': 'session-1',
};

const logger = new Logger('Gateway');

class LoggingGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    logger.log('guard');
    await sleep(1);
    return context.switchToWs().getData() !== 'forbidden';
  }
}

class LoggingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.log('pipe');
    if (value === 'malformed') throw new WsException('malformed');
    return value;
  }
}

class LoggingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    logger.log('interceptor');
    return next.handle().pipe(tap(() => logger.log('interceptor again')));
  }
}

@Catch()
class LoggingFilter extends BaseWsExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    logger.log('filter');
    const { catch: answer } = BaseWsExceptionFilter.prototype;
    answer.call(this, error, host);
  }
}

const shared = new Subject<string>();

@UseFilters(LoggingFilter)
@Injectable()
@WebSocketGateway()
class ChatGateway {
  isReady = false;

  constructor(
    private readonly trace: TraceContext,
    private readonly cls: ClsService,
  ) {}

  afterInit(): void {
    this.isReady = true;
  }

  async handleConnection(): Promise<void> {
    this.cls.set('user', 'alice');
    logger.log('connected');
    await sleep(1);
    logger.log('connected and awaited');
  }

  handleDisconnect(): void {
    logger.log('left');
  }

  @UseGuards(LoggingGuard)
  @UseInterceptors(LoggingInterceptor)
  @UsePipes(LoggingPipe)
  @SubscribeMessage('work')
  async work(
    @MessageBody() data: unknown,
    @TraceId() traceId: string,
    @RequestId() requestId: string,
    @SessionId() sessionId: string,
  ) {
    logger.log('handler');
    await sleep(2);
    logger.log('handler after await');
    if (data === 'broken') throw new Error('broken');
    const { transport } = this.trace.metadata ?? {};
    const user: unknown = this.cls.get('user');
    return { event: 'answer', data: { data, traceId, requestId, sessionId, transport, user } };
  }

  @SubscribeMessage('nothing')
  nothing(): void {
    logger.log('nothing');
  }

  @SubscribeMessage('throws')
  throws(): void {
    throw new Error('thrown');
  }

  @SubscribeMessage('values')
  values() {
    return interval(2).pipe(
      take(3),
      map((data) => {
        logger.log('value');
        return { event: 'answer', data };
      }),
    );
  }

  @SubscribeMessage('promise of values')
  async promiseOfValues() {
    await sleep(1);
    return defer(() => {
      logger.log('subscribed');
      return of({ event: 'answer', data: 1 }, { event: 'answer', data: 2 });
    });
  }

  @SubscribeMessage('failing values')
  failingValues() {
    return concat(
      of({ event: 'answer', data: 1 }),
      throwError(() => new WsException('failed')),
    );
  }

  @SubscribeMessage('shared')
  shared() {
    return shared;
  }

  @SubscribeMessage('fail shared')
  failShared(): void {
    shared.error(new Error('shared'));
  }

  @SubscribeMessage('endless')
  async endless(): Promise<void> {
    logger.log('endless');
    await sleep(60);
    logger.log('endless after await');
    await new Promise(() => {});
  }

  @SubscribeMessage('endless values')
  endlessValues() {
    logger.log('endless values');
    return NEVER.pipe(tap({ unsubscribe: () => logger.log('unsubscribed') }));
  }

  @SubscribeMessage('__proto__')
  proto(@MessageBody() data: unknown) {
    return { event: 'answer', data: JSON.stringify(data) };
  }
}

const messagesOf = (sink: LineSink): Line[] => sink.linesOf('Message finished');

async function finished(sink: LineSink, count: number): Promise<Line[]> {
  await eventually(() => messagesOf(sink).length >= count, `${count} messages`);
  await sleep(20);
  expect(messagesOf(sink)).toHaveLength(count);
  return messagesOf(sink);
}

const linesOf = (sink: LineSink, line: Line): string[] =>
  sink.lines.filter(({ span_id }) => span_id === line.span_id).map(({ message }) => message);

const CASES = PLATFORMS.flatMap((http) =>
  SOCKET_PLATFORMS.map((socket): [SocketPlatform, Platform] => [socket, http]),
);

describe.each(CASES)('a gateway of %s on %s', (platform, http) => {
  const start = (options = {}): Promise<TracedApp> =>
    tracedApp(http)
      .with(options)
      .of({ providers: [ChatGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();

  it('runs everything in the context of the message', async () => {
    const { url, sink, app } = await start();
    expect(app.get(ChatGateway).isReady).toBe(true);
    const client = await connect(platform, url, HANDSHAKE);
    client.send('work', 'hello');
    const [answer] = await answersOf(client, 1);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({
      level: 'info',
      transport: platform,
      pattern: 'work',
      handler: 'ChatGateway.work',
      outcome: 'completed',
      trace_id: TRACE_ID,
      session_id: 'session-1',
      duration_ms: expect.any(Number),
    });
    expect(line!.request_id).not.toBe('handshake-1');
    expect(answer!.data).toEqual({
      data: 'hello',
      traceId: TRACE_ID,
      requestId: line!.request_id,
      sessionId: 'session-1',
      transport: platform,
      user: 'alice',
    });
    expect(new Set(linesOf(sink, line!))).toEqual(
      new Set([
        'guard',
        'interceptor',
        'pipe',
        'handler',
        'handler after await',
        'interceptor again',
        'Message finished',
      ]),
    );
    const own = sink.lines.filter(({ request_id }) => request_id === line!.request_id);
    expect(own.map(({ span_id }) => span_id)).toEqual(own.map(() => line!.span_id));
  });

  it('runs its hooks in the context of the connection', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url, HANDSHAKE);
    client.send('nothing');
    const [line] = await finished(sink, 1);
    await client.close();
    await eventually(() => sink.linesOf('left').length > 0, 'the disconnect');
    const hooks = sink.lines.filter(({ message }) => /^connected|^left/.test(message));
    expect(hooks).toHaveLength(3);
    for (const hook of hooks) {
      expect(hook).toMatchObject({
        trace_id: TRACE_ID,
        request_id: 'handshake-1',
        session_id: 'session-1',
        span_id: line!['parent_span_id'],
      });
    }
  });

  it('gives each message a request id and a span of its own', async () => {
    const { url, sink } = await start();
    const clients = await Promise.all([1, 2].map(() => connect(platform, url)));
    for (const client of clients) for (let i = 0; i < 3; i++) client.send('work', i);
    const lines = await finished(sink, 6);
    for (const id of ['request_id', 'span_id']) {
      expect(new Set(lines.map((line) => line[id])).size).toBe(6);
    }
    for (const id of ['trace_id', 'session_id', 'parent_span_id']) {
      expect(new Set(lines.map((line) => line[id])).size).toBe(2);
    }
  });

  it('keeps two connections with the same ids apart', async () => {
    const { url, sink } = await start();
    const [one, two] = [
      await connect(platform, url, HANDSHAKE),
      await connect(platform, url, HANDSHAKE),
    ];
    one.send('endless');
    two.send('nothing');
    await finished(sink, 1);
    await two.close();
    await eventually(() => sink.linesOf('left').length === 1, 'the disconnect');
    expect(messagesOf(sink)).toHaveLength(1);
    await one.close();
    const [first, second] = await finished(sink, 2);
    expect([first!['outcome'], second!['outcome']]).toEqual(['completed', 'aborted']);
    expect(first!['parent_span_id']).not.toBe(second!['parent_span_id']);
  });

  it('takes messages of any type, the same one twice', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    const values = [0, 17, -1.5, '', 'text', true, false, null, ['list'], { text: 'object' }];
    const sent = values.flatMap((value) => [value, value]);
    for (const data of sent) client.send('work', data);
    const answers = await answersOf(client, sent.length);
    expect(answers.map((answer) => (answer.data as { data: unknown }).data)).toEqual(sent);
    const lines = await finished(sink, sent.length);
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(sent.length);
    expect(lines.every(({ outcome }) => outcome === 'completed')).toBe(true);
  });

  it.each([
    ['nothing', undefined, 0],
    ['values', undefined, 3],
    ['promise of values', undefined, 2],
  ])('ends %j once', async (event, data, count) => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send(event, data);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ pattern: event, outcome: 'completed' });
    const own = linesOf(sink, line!);
    expect(own.at(-1)).toBe('Message finished');
    expect(sink.lines.filter(({ trace_id }) => trace_id === '-')).toEqual([]);
    await answersOf(client, count);
  });

  it.each([
    ['work', 'forbidden', ['guard', 'filter']],
    ['work', 'malformed', ['guard', 'interceptor', 'pipe', 'filter']],
    ['work', 'broken', ['handler', 'handler after await', 'filter']],
    ['throws', 1, ['filter']],
    ['failing values', 1, ['filter']],
  ])('logs the failure of %j with %j', async (event, data, steps) => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send(event, data);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ level: 'error', pattern: event, outcome: 'errored' });
    const own = linesOf(sink, line!);
    expect(own).toEqual(expect.arrayContaining(steps));
    expect(own.at(-1)).toBe('Message finished');
    await eventually(() => client.answers.at(-1)?.event === 'exception', 'the exception');
    client.send('nothing');
    await finished(sink, 2);
  });

  it('knows which message has failed when another made it fail', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send('shared');
    await sleep(10);
    client.send('fail shared');
    const lines = await finished(sink, 2);
    const [failed, cause] = ['shared', 'fail shared'].map((pattern) =>
      lines.find((line) => line['pattern'] === pattern),
    );
    expect(failed).toMatchObject({ outcome: 'errored' });
    expect(cause).toMatchObject({ outcome: 'completed' });
    expect(linesOf(sink, failed!)).toContain('filter');
  });

  it.each(['endless', 'endless values'])('ends %j when the client disconnects', async (event) => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send(event);
    await eventually(() => sink.linesOf(event).length > 0, 'the handler');
    expect(messagesOf(sink)).toEqual([]);
    await client.close();
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ level: 'info', pattern: event, outcome: 'aborted' });
    if (event === 'endless') {
      await eventually(() => sink.linesOf('endless after await').length > 0, 'the rest');
    }
    expect(messagesOf(sink)).toHaveLength(1);
    const own = linesOf(sink, line!);
    expect(own).toContain(event === 'endless' ? 'endless after await' : 'unsubscribed');
  });

  it('takes __proto__ for a name like any other', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send('__proto__', JSON.parse('{ "__proto__": { "polluted": 1 } }'));
    const [answer] = await answersOf(client, 1);
    expect(answer!.data).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ pattern: '__proto__', outcome: 'completed' });
  });

  it('ignores a message without a handler', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url);
    client.send('unknown', 1);
    client.send('constructor', 1);
    client.send('nothing');
    const [line] = await finished(sink, 1);
    expect(line!['pattern']).toBe('nothing');
  });

  it('ignores a handshake without valid ids', async () => {
    const { url, sink } = await start();
    const headers = {
      traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01',
      'x-request-id': '__proto__ is not an id',
      'x-session-id': 'x'.repeat(129),
    };
    const client = await connect(platform, url, headers);
    client.send('nothing');
    const [line] = await finished(sink, 1);
    expect(line!.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(line!.trace_id).not.toMatch(/^0+$/);
    expect(line!.session_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(sink.lines)).not.toMatch(/is not an id|xxxx/);
  });

  it('takes the session from a bearer token, and does not log the token', async () => {
    const { url, sink } = await start();
    const client = await connect(platform, url, { authorization: 'Bearer secret-token' });
    client.send('nothing');
    const [line] = await finished(sink, 1);
    expect(line!.session_id).toMatch(/^tok_[0-9a-f]{16}$/);
    expect(JSON.stringify(sink.lines)).not.toContain('secret-token');
  });

  it.each([false, () => false])(
    'takes nothing from a client that is not trusted',
    async (trust) => {
      const { url, sink } = await start({ trustIncoming: trust });
      const client = await connect(platform, url, HANDSHAKE);
      client.send('nothing');
      const [line] = await finished(sink, 1);
      expect(line!.trace_id).not.toBe(TRACE_ID);
      expect(JSON.stringify(sink.lines)).not.toMatch(/handshake-1|session-1/);
    },
  );
});
