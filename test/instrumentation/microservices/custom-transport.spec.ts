import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import {
  BaseRpcContext,
  ClientProxy,
  EventPattern,
  GrpcMethod,
  MessagePattern,
  Server,
  Transport,
  type CustomTransportStrategy,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { TraceContext, TracingLogger } from '../../../src/index.js';
import { spyOnWarnings } from '../../support/warnings.js';
import { clientApp } from './client-app.js';
import { serverApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

interface Message extends ReadPacket {
  readonly id?: string;
  readonly answer?: (packet: WritePacket) => void;
}

/** A strategy like the one in NestJS's documentation, over an emitter instead of a network. */
class BusServer extends Server implements CustomTransportStrategy {
  constructor(
    protected readonly bus: EventEmitter,
    id?: string | Transport,
  ) {
    super();
    if (id !== undefined) this.setTransportId(id as unknown as symbol);
    this.initializeDeserializer({});
  }

  listen(callback: () => void): void {
    this.bus.on('message', (message: Message) => void this.handleMessage(message));
    callback();
  }

  async handleMessage(raw: Message): Promise<void> {
    const { pattern, data } = await this.deserializer.deserialize(raw);
    await this.deliver(pattern as string, data, raw, new BaseRpcContext([]));
  }

  protected async deliver(
    pattern: string,
    data: unknown,
    { answer }: Message,
    context: BaseRpcContext,
  ): Promise<void> {
    const result = await this.getHandlerByPattern(pattern)?.(data, context);
    this.transformToObservable(result).subscribe((response) => {
      answer?.({ response, isDisposed: true });
    });
  }

  close(): void {
    this.bus.removeAllListeners();
  }

  on(): never {
    throw new Error('not needed');
  }

  unwrap(): never {
    throw new Error('not needed');
  }
}

class HeaderContext extends BaseRpcContext<[Record<string, string>]> {
  getHeaders(): Record<string, string> {
    return this.getArgByIndex(0);
  }
}

/** A strategy that reads its messages itself and gives their headers to the handler. */
class HeaderServer extends BusServer {
  override listen(callback: () => void): void {
    this.bus.on('message', (message: Message) => {
      const context = new HeaderContext([message.metadata ?? {}]);
      void this.deliver(message.pattern as string, message.data, message, context);
    });
    callback();
  }
}

/** A strategy that gives the handler the data and nothing else. */
class DirectServer extends BusServer {
  override listen(callback: () => void): void {
    this.bus.on('message', (message: Message) => {
      const context = new BaseRpcContext([]);
      void this.deliver(message.pattern as string, message.data, message, context);
    });
    callback();
  }
}

class BusClient extends ClientProxy {
  constructor(private readonly bus: EventEmitter) {
    super();
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  unwrap(): never {
    throw new Error('not needed');
  }

  protected publish(packet: ReadPacket, answer: (packet: WritePacket) => void): () => void {
    this.bus.emit('message', { ...packet, id: '1', answer });
    return () => {};
  }

  protected dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    this.bus.emit('message', packet);
    return Promise.resolve(undefined as T);
  }
}

@Controller()
class BusController {
  constructor(
    private readonly trace: TraceContext,
    private readonly logger: TracingLogger,
  ) {}

  @MessagePattern('ask')
  async ask(): Promise<string | undefined> {
    await sleep(1);
    return this.trace.traceId;
  }

  @EventPattern('note')
  async note(_data: unknown): Promise<void> {
    await sleep(1);
    this.logger.log('noted');
  }
}

describe.each<[string, string, (bus: EventEmitter) => BusServer]>([
  ['its id', 'bus', (bus) => new BusServer(bus, 'bus')],
  ['its class', 'BusServer', (bus) => new BusServer(bus)],
  ['its class, with headers', 'HeaderServer', (bus) => new HeaderServer(bus)],
])('a custom transport, named by %s', (_by, transport, strategyOf) => {
  it('carries the trace like any other', async () => {
    const bus = new EventEmitter();
    const server = await serverApp({ controllers: [BusController] }, { strategy: strategyOf(bus) });
    await server.app.listen();
    const { trace, spans } = await clientApp({});
    const proxy = new BusClient(bus);

    const answer = trace.run({ traceId: TRACE_ID }, () => firstValueFrom(proxy.send('ask', {})));
    expect(await answer).toBe(TRACE_ID);
    const emitted = trace.run({ traceId: TRACE_ID }, () =>
      lastValueFrom(proxy.emit('note', {}), { defaultValue: undefined }),
    );
    await emitted;
    const lines = await server.finished(2);
    expect(lines).toHaveLength(2);
    expect(lines).toMatchObject([
      { trace_id: TRACE_ID, transport, pattern: 'ask', handler: 'BusController.ask' },
      { trace_id: TRACE_ID, transport, pattern: 'note', handler: 'BusController.note' },
    ]);
    expect(server.sink.linesOf('noted')).toMatchObject([{ trace_id: TRACE_ID }]);
    const [sent, noted] = spans.slice(-2);
    expect([sent, noted]).toMatchObject([
      { name: 'send ask', 'messaging.system': 'BusClient' },
      { name: 'emit note' },
    ]);
    expect(lines.map((line) => line['parent_span_id'])).toEqual([sent!.span_id, noted!.span_id]);
  });
});

describe('a message that a handler delivers itself', () => {
  it('does not take the metadata of the one that is being handled', async () => {
    const [outer, inner] = [new EventEmitter(), new EventEmitter()];

    @Controller()
    class Forwarding {
      @MessagePattern('forward')
      forward(): Promise<unknown> {
        return new Promise((answer) => {
          inner.emit('message', {
            pattern: 'ask',
            data: {},
            answer: ({ response }: WritePacket) => answer(response),
          });
        });
      }
    }
    const servers = [
      await serverApp({ controllers: [Forwarding] }, { strategy: new BusServer(outer) }),
      await serverApp({ controllers: [BusController] }, { strategy: new DirectServer(inner) }),
    ];
    for (const { app } of servers) await app.listen();
    const { trace } = await clientApp({});
    const proxy = new BusClient(outer);
    const traceId = await trace.run({ traceId: TRACE_ID }, () =>
      firstValueFrom(proxy.send<string>('forward', {})),
    );
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE_ID);
  });
});

describe('a custom transport with a number of NestJS', () => {
  const warn = spyOnWarnings();

  it('has no warning for the internals that it does not have', async () => {
    const bus = new EventEmitter();
    const strategy = new DirectServer(bus, Transport.REDIS);
    Reflect.deleteProperty(strategy, 'deserializer');
    const { app, finished } = await serverApp({ controllers: [BusController] }, { strategy });
    await app.listen();
    bus.emit('message', { pattern: 'note', data: {} });
    expect(await finished(1)).toMatchObject([{ transport: 'redis', pattern: 'note' }]);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('a server of gRPC that does not give the call to the handler', () => {
  const warn = spyOnWarnings();

  it('has a warning, and its handlers run in a trace', async () => {
    const bus = new EventEmitter();

    @Controller()
    class GrpcController {
      constructor(private readonly trace: TraceContext) {}

      @GrpcMethod('Bus', 'Ask')
      ask(): string | undefined {
        return this.trace.traceId;
      }
    }
    const { app, finished } = await serverApp(
      { controllers: [GrpcController] },
      { strategy: new BusServer(bus, Transport.GRPC) },
    );
    await app.listen();
    const pattern = JSON.stringify({ service: 'Bus', rpc: 'Ask', streaming: 'no_stream' });
    const response = await new Promise((resolve) => {
      bus.emit('message', { pattern, data: {}, answer: (packet: WritePacket) => resolve(packet) });
    });
    const [line] = await finished(1);
    expect(response).toMatchObject({ response: line!.trace_id });
    expect(line).toMatchObject({ handler: 'GrpcController.ask', pattern: 'Bus/Ask' });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]).toMatchObject([
      expect.stringMatching(/@grpc\/grpc-js 1\.\S+ .*: gRPC calls do not continue the trace/),
      { code: 'TRACING_UNSUPPORTED' },
    ]);
  });
});
