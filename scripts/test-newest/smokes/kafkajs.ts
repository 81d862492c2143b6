import { Controller, Logger } from '@nestjs/common';
import {
  ClientsModule,
  EventPattern,
  Payload,
  Transport,
  type ClientKafka,
  type KafkaOptions,
} from '@nestjs/microservices';
import { Kafka } from 'kafkajs';
import { lastValueFrom } from 'rxjs';
import { SERVER, smoke } from './smoke.js';

const brokers = [new URL(SERVER || 'kafka://127.0.0.1:1').host];
const options: KafkaOptions = {
  transport: Transport.KAFKA,
  options: {
    client: { brokers },
    consumer: { groupId: 'smoke', maxWaitTimeInMs: 20 },
    subscribe: { fromBeginning: true },
  },
};

@Controller()
class OrdersController {
  private readonly logger = new Logger('Orders');

  @EventPattern('orders')
  order(@Payload() { n }: { n: number }): void {
    this.logger.log(`order ${n}`);
  }
}

await smoke({
  needsServer: true,
  metadata: { imports: [ClientsModule.register([{ ...options, name: 'KAFKA' }])] },
  withServer: { controllers: [OrdersController] },
  prepared: async (app) => {
    if (SERVER === '') return;
    const admin = new Kafka({ brokers }).admin();
    await admin.connect();
    // Makes it.
    await admin.fetchTopicMetadata({ topics: ['orders'] });
    await admin.disconnect();
    app.connectMicroservice(options);
    await app.startAllMicroservices();
  },
  work: (n, app) => lastValueFrom(app.get<ClientKafka>('KAFKA').emit('orders', { n })),
  lines: [
    { message: /^order \d$/ },
    { message: 'Message finished', transport: 'kafka', pattern: 'orders', outcome: 'completed' },
  ],
});
