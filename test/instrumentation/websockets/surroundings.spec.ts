import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  type INestApplicationContext,
  type Type,
  type WebSocketAdapter,
  type WsMessageHandler,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClsService } from 'nestjs-cls';
import { NEVER, type Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { TracingModule } from '../../../src/index.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { adapterOf, sinkLogger, tracedApp } from '../../support/traced-app.js';
import { answersOf, connect, SOCKET_PLATFORMS, useSocketAdapter } from './clients.js';

const running: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

@WebSocketGateway()
class EchoGateway {
  @WebSocketServer()
  readonly server!: { address?(): AddressInfo; httpServer?: { address(): AddressInfo } };

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'answer', data };
  }

  @SubscribeMessage('endless')
  endless(): Promise<void> {
    return new Promise(() => {});
  }

  @SubscribeMessage('endless values')
  endlessValues() {
    return NEVER;
  }
}

@WebSocketGateway()
class SecondGateway {
  private readonly logger = new Logger('Second');

  constructor(@Inject(ClsService) private readonly cls: ClsService) {}

  handleConnection(): void {
    this.cls.set('user', 'alice');
    this.logger.log('second connected');
  }

  handleDisconnect(): void {
    this.logger.log('second left');
  }

  @SubscribeMessage('echo')
  alsoEcho(@MessageBody() data: unknown) {
    return { event: 'answer', data };
  }

  @SubscribeMessage('second')
  second() {
    return { event: 'answer', data: this.cls.get<string>('user') };
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScoped {}

@WebSocketGateway()
class ScopedGateway {
  private readonly logger = new Logger('Scoped');

  constructor(@Inject(RequestScoped) private readonly scoped: RequestScoped) {}

  handleConnection(): void {
    this.logger.log('connected');
  }

  @SubscribeMessage('scoped')
  handle() {
    return { event: 'answer', data: this.scoped instanceof RequestScoped };
  }
}

@Controller()
class PingController {
  @Get('ping')
  ping(): string {
    return 'pong';
  }
}

function moduleOf(sink: LineSink, ...providers: Type[]): Type {
  @Module({ imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })], providers })
  class AppModule {}
  return AppModule;
}

const finished = async (sink: LineSink, count: number) => {
  await eventually(() => sink.linesOf('Message finished').length >= count, `${count} messages`);
  return sink.linesOf('Message finished');
};

describe.each(SOCKET_PLATFORMS)('a gateway of %s', (platform) => {
  it('is traced in a microservice', async () => {
    const sink = new LineSink();
    const app = await NestFactory.createMicroservice(moduleOf(sink, EchoGateway), {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
      logger: false,
    });
    running.push(app);
    app.useWebSocketAdapter(platform === 'ws' ? new WsAdapter() : new IoAdapter());
    await app.listen();
    const { server } = app.get(EchoGateway);
    const { port } = (server.httpServer ?? (server as { address(): AddressInfo })).address();
    const client = await connect(platform, `http://127.0.0.1:${port}`, { 'x-session-id': 's-1' });
    client.send('echo', 1);
    await answersOf(client, 1);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ transport: platform, session_id: 's-1', outcome: 'completed' });
    await client.close();
  });

  it('is traced on a port of its own', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');

    @WebSocketGateway(port)
    class OwnPortGateway extends EchoGateway {}

    const { sink } = await tracedApp('express')
      .of({ providers: [OwnPortGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const client = await connect(platform, `http://127.0.0.1:${port}`, { 'x-session-id': 's-1' });
    client.send('echo', 1);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ handler: 'OwnPortGateway.echo', session_id: 's-1' });
    await client.close();
  });

  it('shares its connections with the other gateways of its server', async () => {
    const { url, sink } = await tracedApp('express')
      .of({ providers: [EchoGateway, SecondGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const client = await connect(platform, url);
    client.send('echo', 1);
    client.send('second', 1);
    const answers = await answersOf(client, 3);
    expect(answers.map(({ data }) => data)).toEqual(expect.arrayContaining([1, 1, 'alice']));
    const lines = await finished(sink, 3);
    await client.close();
    await eventually(() => sink.linesOf('second left').length > 0, 'the disconnect');
    // Each handler of a message has a context and a line of its own.
    expect(lines.map(({ handler }) => String(handler)).toSorted()).toEqual([
      'EchoGateway.echo',
      'SecondGateway.alsoEcho',
      'SecondGateway.second',
    ]);
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(3);
    expect(new Set(sink.lines.map(({ trace_id }) => trace_id)).size).toBe(1);
    expect(sink.linesOf('second connected')).toHaveLength(1);
  });

  it('is traced where its providers are made for each client', async () => {
    const { url, sink } = await tracedApp('express')
      .of({ providers: [RequestScoped, ScopedGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const client = await connect(platform, url);
    await eventually(() => sink.linesOf('connected').length > 0, 'the connection');
    client.send('scoped', 1);
    expect(await answersOf(client, 1)).toEqual([{ event: 'answer', data: true }]);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ handler: 'ScopedGateway.handle', outcome: 'completed' });
    expect(sink.linesOf('connected')[0]!.trace_id).toBe(line!.trace_id);
    expect(sink.linesOf('connected')[0]!.span_id).toBe(line!['parent_span_id']);
  });

  it('belongs to its own application', async () => {
    const build = () =>
      tracedApp('fastify')
        .of({ providers: [EchoGateway] })
        .prepared((app) => useSocketAdapter(app, platform))
        .start();
    const [one, two] = [await build(), await build()];
    const [toOne, toTwo] = [
      await connect(platform, one.url, { 'x-session-id': 'one' }),
      await connect(platform, two.url, { 'x-session-id': 'two' }),
    ];
    for (let i = 0; i < 3; i++) toOne.send('echo', i);
    toTwo.send('echo', 1);
    expect((await finished(one.sink, 3)).map((line) => line.session_id)).toEqual(
      Array(3).fill('one'),
    );
    expect((await finished(two.sink, 1)).map((line) => line.session_id)).toEqual(['two']);
  });

  it('is not changed in an application that is not traced', async () => {
    const traced = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    @Module({ providers: [EchoGateway] })
    class UntracedModule {}
    const app = await NestFactory.create(UntracedModule, adapterOf('express'), { logger: false });
    running.push(app);
    useSocketAdapter(app, platform);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const client = await connect(platform, `http://127.0.0.1:${port}`);
    client.send('echo', 1);
    await answersOf(client, 1);
    expect(traced.sink.lines).toEqual([]);
    await client.close();
  });

  it('writes one line for a message when the module is imported twice', async () => {
    const sink = new LineSink();
    const { url } = await tracedApp('express', sink)
      .importing(TracingModule.forRoot({ logger: sinkLogger(sink) }), TracingModule.forRoot())
      .of({ providers: [EchoGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const client = await connect(platform, url);
    client.send('echo', 1);
    await answersOf(client, 1);
    expect(await finished(sink, 1)).toHaveLength(1);
  });

  it('needs no interceptor', async () => {
    const { url, sink } = await tracedApp('express')
      .with({ interceptor: false })
      .of({ providers: [EchoGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const client = await connect(platform, url);
    client.send('echo', 1);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ handler: 'EchoGateway.echo', outcome: 'completed' });
    expect(line).not.toHaveProperty('handler_ms');
    client.send('endless', 1);
    client.send('echo', 1);
    await finished(sink, 2);
    await client.close();
    const aborted = (await finished(sink, 3)).at(-1);
    expect(aborted).toMatchObject({ handler: 'EchoGateway.endless', outcome: 'aborted' });
  });

  it('does not warn about headers that Node refuses', async () => {
    const { url, sink } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    await expect(connect(platform, url, { 'x-request-id': 'x'.repeat(100_000) })).rejects.toThrow(
      /431|hang up|reset|websocket error/i,
    );
    expect(sink.lines).toEqual([]);
  });
});

describe('a handshake', () => {
  const start = () =>
    tracedApp('express')
      .of({ controllers: [PingController], providers: [EchoGateway] })
      .prepared((app) => useSocketAdapter(app, 'ws'))
      .start();

  it('is no HTTP request', async () => {
    const { url, sink, send } = await start();
    const client = await connect('ws', url, { 'x-session-id': 'session-1' });
    await (await send('/ping')).text();
    client.send('echo', 1);
    await finished(sink, 1);
    const requests = await sink.finishes(1);
    expect(requests.map(({ path }) => path)).toEqual(['/ping']);
    expect(requests[0]!.session_id).not.toBe('session-1');
  });

  it('takes no id from a header that was sent twice', async () => {
    const { port, sink } = await start();
    const request = http.request({
      port,
      host: '127.0.0.1',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'x-session-id': ['one', 'two'],
        'x-request-id': ['one', 'two'],
      },
    });
    request.end();
    const [, socket] = (await once(request, 'upgrade')) as [unknown, import('node:net').Socket];
    // One text frame, masked with zeros: {"event":"echo"}
    socket.write(
      Buffer.concat([Buffer.from([0x81, 0x90, 0, 0, 0, 0]), Buffer.from('{"event":"echo"}')]),
    );
    const [line] = await finished(sink, 1);
    expect(line!.session_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(line!.trace_id).toMatch(/^[0-9a-f]{32}$/);
    socket.destroy();
  });

  it('takes the session from the query, which a browser can set', async () => {
    const { url, sink } = await start();
    const client = await connect('ws', `${url}/?session_id=from-query`);
    client.send('echo', 1);
    const [line] = await finished(sink, 1);
    expect(line!.session_id).toBe('from-query');
  });

  it('may hold what is no message', async () => {
    const { url, sink } = await start();
    const socket = new WebSocket(url.replace('http', 'ws'));
    await once(socket, 'open');
    for (const text of [
      '',
      'null',
      '1',
      '"text"',
      '[]',
      '{}',
      '{"event":{}}',
      '{"event":"toString"}',
    ]) {
      socket.send(text);
    }
    socket.send(Buffer.from([0xff, 0x00]));
    socket.send('{"event":"echo","data":1}');
    expect(await finished(sink, 1)).toHaveLength(1);
    socket.terminate();
  });
});

/** An adapter that knows neither HTTP nor when a client disconnects. */
class MemoryAdapter implements WebSocketAdapter<EventEmitter, EventEmitter> {
  readonly server = new EventEmitter();

  create(): EventEmitter {
    return this.server;
  }

  bindClientConnect(server: EventEmitter, callback: (client: EventEmitter) => void): void {
    server.on('connection', callback);
  }

  bindMessageHandlers(
    client: EventEmitter,
    handlers: WsMessageHandler[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    for (const { message, callback } of handlers) {
      client.on(message as string, (data: unknown) => {
        const answers = transform(callback(data));
        const subscription = answers.subscribe((answer) => client.emit('answer', answer));
        client.once('stop', () => subscription.unsubscribe());
      });
    }
  }

  close(): void {}

  dispose(): void {}
}

describe("an adapter of a user's own", () => {
  it('needs no handshake', async () => {
    const adapter = new MemoryAdapter();
    const { sink } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((app) => {
        app.useWebSocketAdapter(adapter);
      })
      .start();
    const client = new EventEmitter();
    adapter.server.emit('connection', client);
    const answer = once(client, 'answer');
    client.emit('echo', 'hello');
    expect(await answer).toEqual([{ event: 'answer', data: 'hello' }]);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ transport: 'ws', pattern: 'echo', outcome: 'completed' });
    expect(line!.trace_id).toMatch(/^[0-9a-f]{32}$/);

    client.emit('endless values');
    await sleep(10);
    client.emit('stop');
    expect((await finished(sink, 2))[1]).toMatchObject({ outcome: 'aborted' });
  });

  it('keeps what it overrides', async () => {
    const seen: unknown[] = [];
    class OwnAdapter extends WsAdapter {
      override bindMessageHandlers(
        client: never,
        handlers: never,
        transform: (data: unknown) => Observable<unknown>,
      ): void {
        super.bindMessageHandlers(client, handlers, (data) => {
          seen.push(data);
          return transform(data);
        });
      }
    }
    const { url, sink } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((app) => {
        app.useWebSocketAdapter(new OwnAdapter(app));
      })
      .start();
    const client = await connect('ws', url);
    client.send('echo', 1);
    await answersOf(client, 1);
    await finished(sink, 1);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBeInstanceOf(Promise);
  });
});
