import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { eventually, type LineSink } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';
import { connectIo, useSocketAdapter } from './clients.js';

interface Emitter {
  emit(event: string, data: unknown): void;
}

@Controller()
class PingController {
  @Get('ping')
  ping(): string {
    return 'pong';
  }
}

@WebSocketGateway()
class RootGateway {
  private readonly logger = new Logger('Root');

  @WebSocketServer()
  private readonly server!: Emitter;

  handleConnection(): void {
    this.logger.log('connected');
  }

  @SubscribeMessage('returned')
  async returned(@MessageBody() data: unknown) {
    await sleep(2);
    return data;
  }

  @SubscribeMessage('by hand')
  async byHand(@MessageBody() data: unknown, @Ack() ack: (data: unknown) => void) {
    await sleep(2);
    ack(data);
    this.logger.log('acknowledged');
  }

  @SubscribeMessage('broadcast')
  broadcast(@MessageBody() data: unknown, @ConnectedSocket() client: Emitter): void {
    this.server.emit('news', data);
    client.emit('yours', data);
  }

  @SubscribeMessage('fails')
  async fails(): Promise<void> {
    await sleep(1);
    throw new Error('failed');
  }
}

@WebSocketGateway({ namespace: 'admin' })
class AdminGateway {
  private readonly logger = new Logger('Admin');

  handleConnection(): void {
    this.logger.log('admin connected');
  }

  @SubscribeMessage('returned')
  returned(@MessageBody() data: unknown) {
    return data;
  }
}

async function finished(sink: LineSink, count: number) {
  await eventually(() => sink.linesOf('Message finished').length >= count, `${count} messages`);
  await sleep(20);
  expect(sink.linesOf('Message finished')).toHaveLength(count);
  return sink.linesOf('Message finished');
}

function withSocket<T>(socket: Socket, use: () => Promise<T>): Promise<T> {
  return use().finally(() => socket.disconnect());
}

describe.each(PLATFORMS)('socket.io on %s', (http) => {
  const start = () =>
    tracedApp(http)
      .of({ controllers: [PingController], providers: [RootGateway, AdminGateway] })
      .prepared((app) => useSocketAdapter(app, 'socket.io'))
      .start();

  it.each(['returned', 'by hand'])('acknowledges what is %s', async (event) => {
    const { url, sink } = await start();
    const socket = io(url, { transports: ['websocket'], forceNew: true });
    await withSocket(socket, async () => {
      for (const data of [7, 'text', false, { text: 'object' }, [1, 2]]) {
        expect(await socket.timeout(2000).emitWithAck(event, data)).toEqual(data);
      }
    });
    const lines = await finished(sink, 5);
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(5);
    expect(lines.every(({ outcome }) => outcome === 'completed')).toBe(true);
    const acknowledged = sink.linesOf('acknowledged').map(({ span_id }) => span_id);
    expect(acknowledged).toEqual(event === 'by hand' ? lines.map(({ span_id }) => span_id) : []);
  });

  it('acknowledges nothing when the handler fails', async () => {
    const { url, sink } = await start();
    const socket = io(url, { transports: ['websocket'], forceNew: true });
    await withSocket(socket, async () => {
      await expect(socket.timeout(100).emitWithAck('fails', 1)).rejects.toThrow(/timed out/);
    });
    const [line] = await finished(sink, 1);
    expect(line).toMatchObject({ pattern: 'fails', outcome: 'errored' });
  });

  it('broadcasts what a handler emits', async () => {
    const { url, sink } = await start();
    const [one, two] = [await connectIo(url), await connectIo(url)];
    one.send('broadcast', 'news');
    await eventually(() => one.answers.length + two.answers.length === 3, 'the news');
    expect(two.answers).toEqual([{ event: 'news', data: 'news' }]);
    await finished(sink, 1);
    await Promise.all([one.close(), two.close()]);
  });

  it('takes the namespaces of a connection for one connection', async () => {
    const { url, sink } = await start();
    const root = io(url, { transports: ['websocket'], forceNew: true });
    const admin = root.io.socket('/admin');
    await withSocket(root, async () => {
      await root.timeout(2000).emitWithAck('returned', 1);
      await admin.timeout(2000).emitWithAck('returned', 2);
      admin.disconnect();
      await root.timeout(2000).emitWithAck('returned', 3);
    });
    const lines = await finished(sink, 3);
    expect(lines.map(({ handler }) => handler)).toEqual([
      'RootGateway.returned',
      'AdminGateway.returned',
      'RootGateway.returned',
    ]);
    for (const id of ['trace_id', 'session_id', 'parent_span_id']) {
      expect(new Set(lines.map((line) => line[id])).size).toBe(1);
    }
    const [connected, adminConnected] = ['connected', 'admin connected'].map(
      (message) => sink.linesOf(message)[0]!,
    );
    expect(adminConnected!.trace_id).toBe(connected!.trace_id);
  });

  it.each([[['polling']], [['polling', 'websocket']], [['websocket']]])(
    'is no HTTP request over %j',
    async (transports) => {
      const { url, sink, send } = await start();
      const headers = { 'x-session-id': 'session-1', 'x-request-id': 'request-1' };
      const client = await connectIo(url, headers, transports as ('polling' | 'websocket')[]);
      for (let i = 0; i < 3; i++) {
        client.send('broadcast', i);
        await sleep(20);
      }
      const lines = await finished(sink, 3);
      expect(lines.every((line) => line.session_id === 'session-1')).toBe(true);
      expect(lines.every((line) => line.trace_id === 'request-1')).toBe(true);
      expect(new Set(lines.map((line) => line.request_id)).size).toBe(3);
      await (await send('/ping')).text();
      await client.close();
      const requests = await sink.finishes(1);
      expect(requests.map(({ path }) => path)).toEqual(['/ping']);
      expect(requests[0]!.session_id).not.toBe('session-1');
    },
  );
});
