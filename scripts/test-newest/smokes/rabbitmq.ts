import { AmqpConnection, RabbitMQModule, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger } from '@nestjs/common';
import { SERVER, smoke } from './smoke.js';

@Injectable()
class OrdersConsumer {
  private readonly logger = new Logger('Orders');

  @RabbitSubscribe({
    exchange: 'smoke',
    routingKey: 'order.*',
    queue: 'smoke',
    queueOptions: { durable: false, autoDelete: true },
  })
  async order({ n }: { n: number }): Promise<void> {
    this.logger.log(`order ${n}`);
  }
}

await smoke({
  needsServer: true,
  withServer: {
    imports: [
      RabbitMQModule.forRoot({
        uri: SERVER,
        exchanges: [{ name: 'smoke', type: 'topic', options: { autoDelete: true } }],
        connectionInitOptions: { wait: true, timeout: 15_000 },
      }),
    ],
    providers: [OrdersConsumer],
  },
  work: (n, app) => app.get(AmqpConnection).publish('smoke', 'order.created', { n }),
  lines: [
    { message: /^order \d$/ },
    { message: 'Message finished', transport: 'rabbitmq', pattern: 'smoke/order.*' },
  ],
});
