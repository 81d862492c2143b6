import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Scope } from '@nestjs/common';
import {
  ClientProxyFactory,
  ClientsModule,
  ClientTCP,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  TcpContext,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom, from, lastValueFrom, map, timer, toArray, type Observable } from 'rxjs';
import { TraceContext, TraceId, TracingLogger } from '../../../src/index.js';
import { InvalidMessageException } from '@nestjs/microservices/errors/invalid-message.exception.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';
import { clientApp, type ClientApp } from './client-app.js';
import { listen, serverApp, type ServerApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

@Injectable({ scope: Scope.REQUEST })
class PerMessage {
  readonly traceId: string | undefined;

  constructor(trace: TraceContext) {
    this.traceId = trace.traceId;
  }
}

@Controller()
class ScopedController {
  constructor(
    private readonly logger: TracingLogger,
    private readonly own: PerMessage,
  ) {}

  @MessagePattern('scoped')
  scoped(@TraceId() traceId: string): object {
    return { traceId, own: this.own.traceId };
  }

  @EventPattern('shared')
  async shared(_data: unknown): Promise<void> {
    await sleep(10);
    this.logger.log('scoped handler');
  }
}

@Controller()
class EchoController {
  constructor(
    private readonly logger: TracingLogger,
    private readonly trace: TraceContext,
  ) {}

  @MessagePattern('echo')
  echo(@Payload() data: unknown, @Ctx() context: TcpContext): object {
    this.logger.log('echoing');
    const { traceId, requestId, sessionId } = this.trace;
    return { data, traceId, requestId, sessionId, metadata: context.getMetadata?.() };
  }

  @MessagePattern({ v: 1, cmd: 'three' })
  three(): Observable<string | undefined> {
    return from([1, 2, 3]).pipe(map(() => this.trace.traceId));
  }

  @EventPattern('shared')
  async shared(_data: unknown): Promise<void> {
    this.logger.log('first handler');
    await sleep(5);
    this.logger.log('first handler later');
  }
}

@Controller()
class OtherController {
  constructor(private readonly logger: TracingLogger) {}

  @EventPattern('shared')
  shared(_data: unknown): Observable<unknown> {
    this.logger.log('other handler');
    return timer(15).pipe(map(() => this.logger.log('other handler later')));
  }
}

interface Echo {
  readonly data: unknown;
  readonly traceId: string;
  readonly requestId: string;
  readonly sessionId: string;
  readonly metadata?: Record<string, string>;
}

let server: ServerApp;
let port: number;
let client: ClientApp;
let proxy: ClientProxy;

const warn = spyOnWarnings();

beforeAll(async () => {
  server = await serverApp({
    controllers: [EchoController, OtherController, ScopedController],
    providers: [PerMessage],
  });
  port = await listen(server);

  client = await clientApp({
    imports: [
      ClientsModule.register([
        { name: 'TCP', transport: Transport.TCP, options: { host: '127.0.0.1', port } },
      ]),
    ],
  });
  proxy = client.app.get<ClientProxy>('TCP');
});

beforeEach(() => {
  server.sink.clear();
  client.sink.clear();
});

function echo(by: ClientProxy = proxy): Promise<Echo> {
  return firstValueFrom(by.send<Echo>('echo', { n: 1 }));
}

function byHand(to = port): ClientProxy {
  return new ClientTCP({ host: '127.0.0.1', port: to }) as unknown as ClientProxy;
}

/** Runs a function in a trace whose id is known. */
function inTrace<T>(fn: () => T): T {
  return client.trace.run({ traceId: TRACE_ID }, fn);
}

describe('a TCP client', () => {
  it.each<[string, () => ClientProxy]>([
    ['registered in a module', () => proxy],
    [
      'made by the factory',
      () =>
        ClientProxyFactory.create({
          transport: Transport.TCP,
          options: { host: '127.0.0.1', port },
        }),
    ],
    ['made by hand', byHand],
  ])('carries the trace when it is %s', async (_how, make) => {
    const made = make();
    const { traceId, data } = await inTrace(() => echo(made));
    expect(traceId).toBe(TRACE_ID);
    expect(data).toEqual({ n: 1 });
    if (made !== proxy) await made.close();
  });

  it('sends no headers outside a context, and the message begins a trace', async () => {
    const { traceId, metadata } = await echo();
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(metadata).toBeUndefined();
    const [line] = await server.finished(1);
    expect(line).not.toHaveProperty('parent_span_id');
  });

  it('makes each subscription a span, in the context of its subscriber', async () => {
    const request = proxy.send<Echo>('echo', {});
    const traceIds = ['a'.repeat(32), 'b'.repeat(32)];
    const echoes = await Promise.all(
      traceIds.map((traceId) => client.trace.run({ traceId }, () => firstValueFrom(request))),
    );
    expect(echoes.map(({ traceId }) => traceId)).toEqual(traceIds);
    const again = await inTrace(() => Promise.all([1, 2].map(() => firstValueFrom(request))));
    expect(again.map(({ traceId }) => traceId)).toEqual([TRACE_ID, TRACE_ID]);
    const lines = await server.finished(4);
    expect(new Set(lines.map((line) => line['parent_span_id'])).size).toBe(4);
  });

  it('delivers answers in the context of the subscriber and not in that of the connection', async () => {
    await inTrace(() =>
      lastValueFrom(
        proxy.send<string>({ v: 1, cmd: 'three' }, {}).pipe(
          map((traceId) => client.logger.log(`got ${traceId}`)),
          toArray(),
        ),
      ),
    );
    const got = client.sink.lines.filter(({ message }) => message.startsWith('got'));
    expect(got.map(({ message }) => message)).toEqual(Array(3).fill(`got ${TRACE_ID}`));
    expect(got.map((line) => line.trace_id)).toEqual(Array(3).fill(TRACE_ID));
  });

  it('opens its connection outside any context', async () => {
    const own = byHand();
    own.on('close' as never, (() => client.logger.log('connection closed')) as never);
    await inTrace(() => echo(own));
    own.close();
    await eventually(() => client.sink.linesOf('connection closed').length > 0, 'the close');
    expect(client.sink.linesOf('connection closed')).toMatchObject([{ trace_id: '-' }]);
  });

  it('ends the span of a request that cannot be sent, or that has no answer', async () => {
    const nowhere = byHand(1);
    await inTrace(() => echo(nowhere).catch(() => 'refused'));
    await inTrace(() => firstValueFrom(proxy.send('unhandled', {})).catch(() => 'none'));
    await inTrace(() => lastValueFrom(nowhere.emit('shared', {})).catch(() => 'refused'));
    expect(client.spans.slice(-3)).toMatchObject([
      { name: 'send echo', kind: 'client', failed: true },
      { name: 'send unhandled', kind: 'client', failed: true },
      { name: 'emit shared', kind: 'producer', failed: true },
    ]);
  });

  it('makes no span for a message that NestJS refuses', async () => {
    const count = client.spans.length;
    await inTrace(async () => {
      await expect(lastValueFrom(proxy.send('echo', undefined))).rejects.toThrow(
        InvalidMessageException,
      );
      await expect(lastValueFrom(proxy.emit(null, {}))).rejects.toThrow(InvalidMessageException);
    });
    expect(client.spans).toHaveLength(count);
  });
});

describe('a TCP server', () => {
  it('names an object pattern as NestJS routes it', async () => {
    await inTrace(() => lastValueFrom(proxy.send({ v: 1, cmd: 'three' }, {})));
    const [line] = await server.finished(1);
    expect(line).toMatchObject({
      pattern: '{"cmd":"three","v":1}',
      handler: 'EchoController.three',
    });
    expect(client.spans.at(-1)).toMatchObject({ name: 'send {"cmd":"three","v":1}' });
  });

  it('ends a stream of answers with the last one', async () => {
    const traceIds = await inTrace(() =>
      lastValueFrom(proxy.send({ v: 1, cmd: 'three' }, {}).pipe(toArray())),
    );
    expect(traceIds).toEqual([TRACE_ID, TRACE_ID, TRACE_ID]);
    expect(await server.finished(1)).toHaveLength(1);
  });

  it('delivers an event with several handlers once, in one context', async () => {
    inTrace(() => void proxy.emit('shared', {}));
    const lines = await server.finished(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ pattern: 'shared', handler: 'EchoController.shared' });
    expect(lines[0]!['duration_ms']).toBeGreaterThan(14);
    const handled = server.sink.lines.filter(({ message }) => message.includes('handler'));
    expect(handled.map(({ message }) => message).toSorted()).toEqual([
      'first handler',
      'first handler later',
      'other handler',
      'other handler later',
      'scoped handler',
    ]);
    expect(new Set(handled.map(({ span_id }) => span_id))).toEqual(new Set([lines[0]!.span_id]));
  });

  it('makes request-scoped providers in the context of their message', async () => {
    const { traceId, own } = await inTrace(() =>
      firstValueFrom(proxy.send<{ traceId: string; own: string }>('scoped', {})),
    );
    expect([traceId, own]).toEqual([TRACE_ID, TRACE_ID]);
    expect(await server.finished(1)).toMatchObject([{ handler: 'ScopedController.scoped' }]);
  });

  const hostile: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['a string', 'traceparent'],
    ['a number', 42],
    ['a list', ['traceparent', 'x']],
    ['wrong types', { traceparent: { toString: 'x' }, 'x-request-id': 7, 'x-session-id': [[]] }],
    ['100 kB', { traceparent: 'a'.repeat(100_000), 'x-request-id': 'b'.repeat(100_000) }],
    [
      'control characters',
      { traceparent: '\u0000\r\n', 'x-request-id': 'a\r\nb', 'x-session-id': '\u001b[31m' },
    ],
    ['lists of two', { traceparent: ['a', 'b'], 'x-request-id': ['a', 'b'] }],
  ];

  it.each(hostile)('ignores metadata of %s', async (_what, metadata) => {
    const answer = await sendRaw(JSON.stringify({ pattern: 'echo', id: '1', data: {}, metadata }));
    expectNewTrace(answer, await server.finished(1));
    expect(warn).not.toHaveBeenCalled();
  });

  it('ignores metadata of a prototype', async () => {
    const header = `"__proto__":{"traceparent":"00-${TRACE_ID}-b7ad6b7169203331-01"}`;
    const packet = `{"pattern":"echo","id":"1","data":{},${header},"metadata":{${header}}}`;
    expectNewTrace(await sendRaw(packet), await server.finished(1));
    expect(warn).not.toHaveBeenCalled();
  });

  it('writes no access log line for a message without a handler', async () => {
    await sendRaw(JSON.stringify({ pattern: 'unknown', id: '1', data: {} }));
    await echo();
    expect(await server.finished(1)).toHaveLength(1);
  });
});

function expectNewTrace(answer: Echo, lines: readonly Line[]): void {
  expect(answer.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.traceId).not.toBe(TRACE_ID);
  expect(lines).toMatchObject([{ trace_id: answer.traceId, outcome: 'completed' }]);
  expect(lines[0]).not.toHaveProperty('parent_span_id');
  expect(lines[0]!.request_id).toMatch(/^[0-9a-f-]{36}$/);
  expect(lines[0]!.session_id).toMatch(/^[0-9a-f-]{36}$/);
}

/** Sends a packet as it is on the wire, and returns the answer. */
async function sendRaw(packet: string): Promise<Echo> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${packet.length}#${packet}`);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    const length = /^(\d+)#/.exec(answer);
    if (length !== null && answer.length >= Number(length[1]) + length[0].length) break;
  }
  const { response } = JSON.parse(answer.slice(answer.indexOf('#') + 1)) as { response: Echo };
  return response;
}
