import '../../support/print-spans.js';
import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, TracingLogger, TracingModule } from '../../../src/index.js';

@WebSocketGateway()
class ChatGateway {
  private readonly logger = new Logger('Chat');

  constructor(private readonly trace: TraceContext) {}

  async handleConnection(): Promise<void> {
    await this.trace.span('load user', () => sleep(1));
    this.logger.log('connected');
  }

  @SubscribeMessage('say')
  async say(@MessageBody() text: string) {
    await this.trace.span('store', () => sleep(2));
    this.logger.log('said', { text });
    return { event: 'answer', data: text };
  }
}

@Module({
  imports: [TracingModule.forRoot({ format: 'json', service: 'chat' })],
  providers: [ChatGateway],
})
class ChatModule {}

const app = await NestFactory.create(ChatModule, new ExpressAdapter(), { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
app.useWebSocketAdapter(process.env['SOCKETS'] === 'ws' ? new WsAdapter(app) : new IoAdapter(app));
await app.listen(0, '127.0.0.1');
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
