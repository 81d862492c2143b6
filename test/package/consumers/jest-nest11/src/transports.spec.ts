import { Controller, Get, Inject, Injectable, Logger, Module } from '@nestjs/common';
import { CqrsModule, EventBus, EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import {
  ClientsModule,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { traceJson, TracingLogger, TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { createServer, type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { lastValueFrom } from 'rxjs';
import { createLogger, transports } from 'winston';
import { WebSocket } from 'ws';

type Line = Record<string, unknown>;

const lines: Line[] = [];
const logger = createLogger({
  format: traceJson({ service: 'jest-nest11' }),
  transports: new transports.Stream({
    stream: new Writable({
      write(chunk, _encoding, next) {
        lines.push(JSON.parse(String(chunk)) as Line);
        next();
      },
    }),
  }),
});

class Paid {}

@EventsHandler(Paid)
class PaidHandler implements IEventHandler<Paid> {
  private readonly logger = new Logger('PaidHandler');

  handle(): void {
    this.logger.log('booked');
  }
}

@Injectable()
class Receipts {
  private readonly logger = new Logger('Receipts');

  @OnEvent('paid')
  send(): void {
    this.logger.log('receipt sent');
  }

  @Interval(30)
  async sweep(): Promise<void> {
    this.logger.log('swept');
  }
}

@Controller()
class PaymentsController {
  private readonly logger = new Logger('Payments');

  constructor(
    @Inject('WORKER') private readonly worker: ClientProxy,
    private readonly events: EventEmitter2,
    private readonly bus: EventBus,
  ) {}

  @Get('pay')
  async pay(): Promise<unknown> {
    const answer: unknown = await lastValueFrom(this.worker.send('charge', { amount: 7 }));
    await lastValueFrom(this.worker.emit('charged', 7), { defaultValue: undefined });
    this.events.emit('paid');
    this.bus.publish(new Paid());
    return answer;
  }

  @MessagePattern('charge')
  async charge(@Payload() payload: object): Promise<object> {
    await Promise.resolve();
    this.logger.log('charging');
    return payload;
  }

  @EventPattern('charged')
  charged(): void {
    this.logger.log('charged');
  }
}

@WebSocketGateway()
class FeedGateway {
  private readonly logger = new Logger('Feed');

  @SubscribeMessage('watch')
  watch(): object {
    this.logger.log('watching');
    return { event: 'watched', data: 1 };
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until<T>(find: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const named = (message: string): Line[] => lines.filter((line) => line['message'] === message);

it('every way into a NestJS 11 application keeps its trace', async () => {
  const port = await freePort();
  const options = { host: '127.0.0.1', port };

  @Module({
    imports: [
      TracingModule.forRoot({ logger }),
      TracingMetricsModule.forRoot(),
      ClientsModule.register([{ name: 'WORKER', transport: Transport.TCP, options }]),
      EventEmitterModule.forRoot(),
      CqrsModule.forRoot(),
      ScheduleModule.forRoot(),
    ],
    controllers: [PaymentsController],
    providers: [FeedGateway, Receipts, PaidHandler],
  })
  class AppModule {}

  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestApplication({ bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  app.useWebSocketAdapter(new WsAdapter(app));
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

  const headers = { 'x-request-id': 'req-001', connection: 'close' };
  const response = await fetch(`${url}/pay`, { headers });
  expect(await response.json()).toEqual({ amount: 7 });
  await until(() => named('Message finished').length === 2 && named('Request finished')[0]);
  for (const message of ['charging', 'charged', 'receipt sent', 'booked']) {
    expect(named(message)).toEqual([
      expect.objectContaining({ trace_id: 'req-001', request_id: 'req-001' }),
    ]);
  }
  expect(named('Message finished').map((line) => [line['transport'], line['pattern']])).toEqual([
    ['tcp', 'charge'],
    ['tcp', 'charged'],
  ]);

  const socket = new WebSocket(url.replace('http', 'ws'), { headers: { 'x-request-id': 'ws-1' } });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ event: 'watch', data: 1 }));
  const watched = await until(() => named('Message finished')[2]);
  expect(watched).toMatchObject({ transport: 'ws', pattern: 'watch', trace_id: 'ws-1' });
  expect(named('watching')[0]).toMatchObject({ trace_id: 'ws-1' });
  socket.close();

  const runs = await until(() => named('Run finished').length >= 2 && named('Run finished'));
  expect(runs[0]).toMatchObject({ transport: 'interval', handler: 'Receipts.sweep' });
  expect(runs[0]!['trace_id']).not.toBe(runs[1]!['trace_id']);

  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('messaging_destination_name="charge"');
  await app.close();
}, 30_000);
