import { afterEach, describe, expect, it } from '@jest/globals';
import { Module, type INestApplication, type WsMessageHandler } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer, NestFactory } from '@nestjs/core';
import {
  AbstractWsAdapter,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { EventEmitter, once } from 'node:events';
import type { Observable } from 'rxjs';
import { io } from 'socket.io-client';
import { TracingModule } from '../../../src/index.js';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { adapterOf, sinkLogger, tracedApp } from '../../support/traced-app.js';
import { answersOf, connect, SOCKET_PLATFORMS, useSocketAdapter } from './clients.js';

class Echo {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'answer', data };
  }
}

@WebSocketGateway()
class EchoGateway extends Echo {}

const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function finished(sink: LineSink, count: number): Promise<Line[]> {
  await eventually(() => sink.linesOf('Message finished').length >= count, `${count} messages`);
  return sink.linesOf('Message finished');
}

/** An adapter in memory, of a class that is not of NestJS and keeps its state to itself. */
class PrivateAdapter {
  readonly #server = new EventEmitter();
  #forced: boolean | undefined;
  readonly calls: string[] = [];

  set forceCloseConnections(value: boolean | undefined) {
    this.#forced = value;
  }

  get forceCloseConnections(): boolean | undefined {
    return this.#forced;
  }

  get server(): EventEmitter {
    return this.#server;
  }

  create(): EventEmitter {
    this.calls.push('create');
    return this.#server;
  }

  bindClientConnect(server: EventEmitter, callback: (client: EventEmitter) => void): void {
    this.#server.on('connection', callback);
    this.calls.push(server === this.#server ? 'bindClientConnect' : 'another server');
  }

  bindClientDisconnect(client: EventEmitter, callback: (reason: string) => void): void {
    client.once('gone', callback);
  }

  bindMessageHandlers(
    client: EventEmitter,
    handlers: WsMessageHandler[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    for (const { message, callback } of handlers) {
      client.on(message, (data: unknown) => {
        transform(callback(data)).subscribe((answer) => client.emit('answer', answer));
      });
    }
  }

  close(server: EventEmitter): void {
    this.calls.push(server === this.#server ? 'close' : 'another server');
  }

  dispose(): void {
    this.calls.push(`dispose, forced ${this.#forced}`);
  }
}

async function echo(adapter: PrivateAdapter): Promise<unknown> {
  const client = new EventEmitter();
  adapter.server.emit('connection', client);
  const answer = once(client, 'answer');
  client.emit('echo', 'hello');
  return (await answer)[0];
}

describe('the WebSocket adapter of an application', () => {
  it('is the one of NestJS when the application sets none', async () => {
    const { url, sink } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .start();
    const client = await connect('socket.io', url, { 'x-session-id': 's-1' });
    client.send('echo', 1);
    await answersOf(client, 1);
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({
      transport: 'socket.io',
      session_id: 's-1',
      handler: 'EchoGateway.echo',
      outcome: 'completed',
    });
  });

  it.each(SOCKET_PLATFORMS)(
    'may be replaced by another one of %s before init',
    async (platform) => {
      const { url, sink } = await tracedApp('express')
        .of({ providers: [EchoGateway] })
        .prepared((app) => {
          useSocketAdapter(app, platform === 'ws' ? 'socket.io' : 'ws');
          useSocketAdapter(app, platform);
        })
        .start();
      const client = await connect(platform, url);
      client.send('echo', 1);
      await answersOf(client, 1);
      expect((await finished(sink, 1))[0]).toMatchObject({ transport: platform });
    },
  );

  it.each([
    [IoAdapter, (app: INestApplication) => new IoAdapter(app)],
    [WsAdapter, (app: INestApplication) => new WsAdapter(app)],
  ])('is still an instance of %p for NestJS', async (type, make) => {
    const { app } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((one) => {
        one.useWebSocketAdapter(make(one));
      })
      .start();
    const [module] = app.get(ModulesContainer).values();
    const config = module!.providers.get(ApplicationConfig)!.instance as ApplicationConfig;
    const adapter = config.getIoAdapter();
    expect(adapter).toBeInstanceOf(type);
    expect(adapter).toBeInstanceOf(AbstractWsAdapter);
    expect(adapter.constructor).toBe(type);
    expect(config.getIoAdapter()).toBe(adapter);
  });

  it('keeps private fields, accessors and methods that are not of the interface', async () => {
    const adapter = new PrivateAdapter();
    const { app, sink } = await tracedApp('express')
      .of({ providers: [EchoGateway] })
      .prepared((one) => {
        one.useWebSocketAdapter(adapter);
      })
      .start();
    expect(await echo(adapter)).toEqual({ event: 'answer', data: 'hello' });
    expect((await finished(sink, 1))[0]).toMatchObject({ handler: 'EchoGateway.echo' });
    expect(adapter.forceCloseConnections).toBe(true);
    await app.close();
    expect(adapter.calls).toEqual(['create', 'bindClientConnect', 'close', 'dispose, forced true']);
  });

  it('may serve two applications, and each has its own messages', async () => {
    class TwoServers extends PrivateAdapter {
      readonly servers: EventEmitter[] = [];
      override create(): EventEmitter {
        this.servers.push(new EventEmitter());
        return this.servers.at(-1)!;
      }
      override bindClientConnect(
        server: EventEmitter,
        callback: (client: EventEmitter) => void,
      ): void {
        server.on('connection', callback);
      }
    }
    const adapter = new TwoServers();
    const start = () =>
      tracedApp('express')
        .of({ providers: [EchoGateway] })
        .prepared((app) => {
          app.useWebSocketAdapter(adapter);
        })
        .start();
    const apps = [await start(), await start()];
    for (const [index, count] of [1, 2].entries()) {
      for (let i = 0; i < count; i++) {
        const client = new EventEmitter();
        adapter.servers[index]!.emit('connection', client);
        client.emit('echo', i);
      }
    }
    expect(await finished(apps[0]!.sink, 1)).toHaveLength(1);
    expect(await finished(apps[1]!.sink, 2)).toHaveLength(2);
  });

  it('may serve another application when the first one has closed', async () => {
    const adapter = new PrivateAdapter();
    for (let i = 0; i < 2; i++) {
      const sink = new LineSink();
      @Module({
        imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
        providers: [EchoGateway],
      })
      class AppModule {}
      const app = await NestFactory.create(AppModule, adapterOf('express'), { logger: false });
      running.push(app);
      app.useWebSocketAdapter(adapter);
      await app.listen(0, '127.0.0.1');
      await echo(adapter);
      // The handler's name needs the patch that is undone with the last application.
      expect((await finished(sink, 1))[0]).toMatchObject({ handler: 'EchoGateway.echo' });
      await app.close();
      adapter.server.removeAllListeners();
    }
  });
});

describe('gateways with the same handlers', () => {
  it('are distinguished by their namespaces', async () => {
    @WebSocketGateway({ namespace: 'one' })
    class OneGateway extends Echo {}
    @WebSocketGateway({ namespace: 'two' })
    class TwoGateway extends Echo {}
    @WebSocketGateway({ namespace: 'three' })
    class ThreeGateway extends Echo {}

    const { url, sink } = await tracedApp('express')
      .of({ providers: [OneGateway, TwoGateway, ThreeGateway] })
      .prepared((app) => useSocketAdapter(app, 'socket.io'))
      .start();
    for (const namespace of ['one', 'two', 'three']) {
      const socket = io(`${url}/${namespace}`, { transports: ['websocket'], forceNew: true });
      const answered = new Promise((resolve) => socket.once('answer', resolve));
      socket.emit('echo', namespace);
      await answered;
      socket.disconnect();
    }
    expect((await finished(sink, 3)).map(({ handler }) => handler)).toEqual([
      'OneGateway.echo',
      'TwoGateway.echo',
      'ThreeGateway.echo',
    ]);
  });
});
