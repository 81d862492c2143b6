import { types } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, type ExecutionContext } from '@nestjs/common';
import {
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  TcpContext,
  Transport,
  type ClientProxy,
  type Deserializer,
  type ReadPacket,
  type Serializer,
  type Server,
} from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { TraceContext, TracingLogger } from '../../../src/index.js';
import { clientApp, type ClientApp } from './client-app.js';
import { listen, serverApp, type ServerApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const OTHER_TRACE_ID = '1'.repeat(32);

interface Packet extends ReadPacket {
  readonly id?: string;
}

@Controller()
class EchoController {
  constructor(
    private readonly trace: TraceContext,
    private readonly logger: TracingLogger,
  ) {}

  @MessagePattern('echo')
  echo(_data: unknown, @Ctx() context: TcpContext): object {
    return { traceId: this.trace.traceId, metadata: context.getMetadata() };
  }

  @EventPattern('note')
  note(_data: unknown): void {
    this.logger.log('noted');
  }
}

interface Echo {
  readonly traceId: string;
  readonly metadata: Record<string, string>;
}

/** Keeps the packets in a private field, so its methods must be called on the object itself. */
class Counting implements Serializer<Packet, Packet>, Deserializer<Packet, Packet> {
  #packets: Packet[] = [];

  get packets(): readonly Packet[] {
    return this.#packets;
  }

  serialize(packet: Packet): Packet {
    this.#packets.push(packet);
    return packet;
  }

  deserialize(packet: Packet): Packet {
    this.#packets.push(packet);
    return packet;
  }
}

/** Answers later, and drops `metadata`. */
class Slow implements Deserializer<Packet, Promise<Packet>> {
  async deserialize({ pattern, data, id }: Packet): Promise<Packet> {
    await Promise.resolve();
    return { pattern, data, ...(id !== undefined && { id }) };
  }
}

let client: ClientApp;
const open: ClientProxy[] = [];

beforeEach(async () => {
  client ??= await clientApp({});
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((proxy) => proxy.close() as unknown));
});

async function connected(server: ServerApp, options = {}): Promise<ClientProxy> {
  const port = await listen(server);
  const proxy = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port, ...options },
  });
  open.push(proxy);
  return proxy;
}

function makeServer(options = {}): Promise<ServerApp> {
  return serverApp(
    { controllers: [EchoController] },
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0, ...options } },
  );
}

function echo(proxy: ClientProxy): Promise<Echo> {
  return client.trace.run({ traceId: TRACE_ID }, () =>
    firstValueFrom(proxy.send<Echo>('echo', {})),
  );
}

describe('a dispatch hook', () => {
  it('gets every message, and the metadata that it sets arrives', async () => {
    const proxy = await connected(await makeServer());
    const patterns: unknown[] = [];
    const metadata = Object.freeze({ tenant: 'acme' });
    proxy.setOnDispatchHook((packet) => {
      patterns.push(packet.pattern);
      packet.metadata = metadata;
    });
    const answer = await echo(proxy);
    expect(answer).toMatchObject({ traceId: TRACE_ID, metadata: { tenant: 'acme' } });
    await client.trace.run(undefined, () =>
      lastValueFrom(proxy.emit('note', {}), { defaultValue: undefined }),
    );
    expect(patterns).toEqual(['echo', 'note']);
  });

  it('may set a traceparent, which stays', async () => {
    const proxy = await connected(await makeServer());
    const traceparent = `00-${OTHER_TRACE_ID}-b7ad6b7169203331-01`;
    proxy.setOnDispatchHook((packet) => {
      packet.metadata = { traceparent };
    });
    const own = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`, tracestate: 'a=1' };
    const { traceId, metadata } = await client.trace.run(own, () =>
      firstValueFrom(proxy.send<Echo>('echo', {})),
    );
    expect(traceId).toBe(OTHER_TRACE_ID);
    expect(metadata).toMatchObject({ traceparent });
    expect(metadata).not.toHaveProperty('tracestate');
  });

  it.each(['before', 'after'])('may be set %s the client is first used', async (when) => {
    const proxy = await connected(await makeServer());
    if (when === 'after') expect((await echo(proxy)).traceId).toBe(TRACE_ID);
    proxy.setOnDispatchHook((packet) => {
      packet.metadata = { tenant: 'first' };
    });
    expect(await echo(proxy)).toMatchObject({ traceId: TRACE_ID, metadata: { tenant: 'first' } });
    proxy.setOnDispatchHook(function (this: ClientProxy, packet) {
      packet.metadata = { tenant: 'second', isOwn: String(this === proxy) };
    });
    const metadata = { tenant: 'second', isOwn: 'true' };
    expect(await echo(proxy)).toMatchObject({ traceId: TRACE_ID, metadata });
  });

  it('may call the one that it found in the slot', async () => {
    const proxy = await connected(await makeServer());
    proxy.setOnDispatchHook((packet) => {
      packet.metadata = { tenant: 'acme' };
    });
    await echo(proxy);
    let calls = 0;
    // This is how another instrumentation chains the slot.
    const slot = proxy as unknown as Record<'onDispatchHook', (packet: ReadPacket) => void>;
    const found = slot.onDispatchHook;
    proxy.setOnDispatchHook((packet) => {
      calls += 1;
      found.call(proxy, packet);
      packet.metadata = { ...packet.metadata, region: 'eu' };
    });
    const answer = await echo(proxy);
    expect(answer).toMatchObject({
      traceId: TRACE_ID,
      metadata: { tenant: 'acme', region: 'eu' },
    });
    expect(calls).toBe(1);
  });

  it('that throws fails its message and no other', async () => {
    const proxy = await connected(await makeServer());
    proxy.setOnDispatchHook(() => {
      throw new Error('no tenant');
    });
    await expect(echo(proxy)).rejects.toThrow('no tenant');
    proxy.setOnDispatchHook(() => {});
    expect((await echo(proxy)).traceId).toBe(TRACE_ID);
  });

  it('may set metadata that is no record', async () => {
    const proxy = await connected(await makeServer());
    proxy.setOnDispatchHook((packet) => {
      packet.metadata = 'text' as unknown as Record<string, string>;
    });
    const { traceId, metadata } = await echo(proxy);
    expect(traceId).not.toBe(TRACE_ID);
    expect(metadata).toBe('text');
  });
});

describe('processing hooks', () => {
  it('are called by a TCP server whose own methods are not replaced', async () => {
    const server = await makeServer();
    const proxy = await connected(server);
    await echo(proxy);
    const used = (server.app as unknown as { readonly serverInstance: Server }).serverInstance;
    expect(Object.hasOwn(used, 'handleMessage')).toBe(false);
    const { deserializer } = used as unknown as { readonly deserializer: object };
    expect(types.isProxy(deserializer)).toBe(false);
  });

  it("get every message, and see the server's own context", async () => {
    const server = await makeServer();
    const seen: unknown[] = [];
    const hooked = (server.app as unknown as { readonly serverInstance: Server }).serverInstance;
    hooked.setOnProcessingStartHook((_id, context, done) => {
      seen.push(['start', (context as TcpContext).getPattern()]);
      void done();
    });
    hooked.setOnProcessingEndHook((_id, context) => {
      seen.push(['end', (context as TcpContext).getPattern()]);
    });
    const proxy = await connected(server);
    expect((await echo(proxy)).traceId).toBe(TRACE_ID);
    await client.trace.run({ traceId: TRACE_ID }, () =>
      lastValueFrom(proxy.emit('note', {}), { defaultValue: undefined }),
    );
    const [, line] = await server.finished(2);
    expect(line!.trace_id).toBe(TRACE_ID);
    expect(seen).toEqual([
      ['start', 'echo'],
      ['end', 'echo'],
      ['start', 'note'],
      ['end', 'note'],
    ]);
  });
});

describe('a pre-request hook', () => {
  it('gets every message, in its context', async () => {
    const server = await makeServer();
    const trace = server.app.get(TraceContext);
    const seen: unknown[] = [];
    server.app.registerPreRequestHook(
      (context: ExecutionContext, next: () => Observable<unknown>) => {
        seen.push([context.getHandler().name, trace.traceId]);
        return next();
      },
    );
    const proxy = await connected(server);
    await echo(proxy);
    expect(seen).toEqual([['echo', TRACE_ID]]);
  });
});

describe('custom serializers', () => {
  it('get every packet, and are called on the object itself', async () => {
    const [sent, received] = [new Counting(), new Counting()];
    const server = await makeServer({ deserializer: received });
    const proxy = await connected(server, { serializer: sent });
    expect((await echo(proxy)).traceId).toBe(TRACE_ID);
    expect(sent.packets).toHaveLength(1);
    expect(received.packets).toHaveLength(1);
    expect(received.packets[0]).toMatchObject({ pattern: 'echo', data: {} });
  });

  it('may be asynchronous and drop the metadata', async () => {
    const proxy = await connected(await makeServer({ deserializer: new Slow() }));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const traceId = String(i).padStart(32, 'a');
        return client.trace.run({ traceId }, async () => {
          const answer = await firstValueFrom(proxy.send<Echo>('echo', {}));
          return answer.traceId === traceId;
        });
      }),
    );
    expect(answers).toEqual(Array(20).fill(true));
  });
});
