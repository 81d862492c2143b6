import '../../support/print-spans.js';
import 'reflect-metadata';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { once } from 'node:events';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { TracingLogger, TracingModule } from '../../../src/index.js';

const { CHAT_URL = '', SOCKETS } = process.env;

async function sayOverWs(texts: string[]): Promise<void> {
  const socket = new WebSocket(CHAT_URL.replace('http', 'ws'));
  await once(socket, 'open');
  for (const text of texts) {
    socket.send(JSON.stringify({ event: 'say', data: text }));
    await once(socket, 'message');
  }
  socket.close();
}

async function sayOverSocketIo(texts: string[]): Promise<void> {
  const socket = io(CHAT_URL, { transports: ['websocket'], forceNew: true });
  for (const text of texts) {
    const answered = new Promise((resolve) => socket.once('answer', resolve));
    socket.emit('say', text);
    await answered;
  }
  socket.close();
}

@Controller()
class CallController {
  @Get('call')
  async call(@Query('texts') texts: string): Promise<string> {
    const say = SOCKETS === 'ws' ? sayOverWs : sayOverSocketIo;
    await say(texts.split(','));
    return texts;
  }
}

@Module({
  imports: [TracingModule.forRoot({ format: 'json', service: 'caller' })],
  controllers: [CallController],
})
class CallerModule {}

const app = await NestFactory.create(CallerModule, new ExpressAdapter(), { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
