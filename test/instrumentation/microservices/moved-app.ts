import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type ClientGrpc,
  type ClientOptions,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { TraceContext, TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** Where nothing listens. */
const NOWHERE = '127.0.0.1:1';
const CLIENTS: readonly ClientOptions[] = [
  { transport: Transport.REDIS },
  { transport: Transport.NATS },
  { transport: Transport.RMQ },
  { transport: Transport.MQTT, options: { protocolVersion: 5 } },
  { transport: Transport.KAFKA },
];

@Controller()
class RootController {
  @Get()
  root(): string {
    return 'root';
  }

  @MessagePattern('ask')
  ask(): string {
    return 'answer';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [RootController],
})
export class AppModule {}

/** Sends a message over TCP to itself, and prepares one over each other transport. */
export async function exercise(app: INestApplication): Promise<void> {
  for (const options of CLIENTS) await attempt(() => prepareMessage(options));
  await attempt(() => registerForMqtt(app));
  await attempt(() => callGrpc(app));
  await attempt(() => askOverTcp(app));
}

/** Without a subscription nothing is sent. */
function prepareMessage(options: ClientOptions): void {
  (ClientProxyFactory.create(options) as ClientProxy).send('ask', {});
}

async function askOverTcp(app: INestApplication): Promise<void> {
  const server = app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: 0 },
  });
  await server.listen();
  const { port } = server.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  }) as ClientProxy;
  try {
    await inTrace(app, () => firstValueFrom(client.send('ask', {})));
  } finally {
    await client.close();
    await server.close();
  }
}

/** A server registers its handlers before it connects to the broker. */
async function registerForMqtt(app: INestApplication): Promise<void> {
  const server = app.connectMicroservice<MicroserviceOptions>({ transport: Transport.MQTT });
  await server.init();
}

function callGrpc(app: INestApplication): Promise<unknown> {
  const client = ClientProxyFactory.create({
    transport: Transport.GRPC,
    options: {
      url: NOWHERE,
      package: 'payments',
      protoPath: 'test/instrumentation/microservices/payments.proto',
    },
  }) as unknown as ClientGrpc;
  const { charge } = client.getService<{ charge(request: object): Observable<unknown> }>(
    'PaymentService',
  );
  return inTrace(app, () => firstValueFrom(charge({})));
}

function inTrace<T>(app: INestApplication, fn: () => T): T {
  return app.get(TraceContext).run({ traceId: TRACE_ID }, fn);
}

/** NestJS itself needs most of what a test takes away from it. */
async function attempt(use: () => unknown): Promise<void> {
  try {
    await use();
  } catch {
    // What counts is what the library does.
  }
}
