import { MessageHandlerErrorBehavior, RabbitMQModule } from '@golevelup/nestjs-rabbitmq';
import { TracingModule } from 'nestjs-tracing';

const { BROKER_URL = '', SCOPE = '', UNTRACED } = process.env;

/** Each run of the tests has exchanges and queues of its own. */
export const scopedName = (name: string): string => `${SCOPE}.${name}`;
export const EXCHANGE = scopedName('tasks');

/** What both sides of the exchange have in common. */
export const RABBIT_MODULES = [
  ...(UNTRACED === undefined ? [TracingModule.forRoot({ logger: { level: 'debug' } })] : []),
  RabbitMQModule.forRoot({
    uri: BROKER_URL,
    exchanges: [{ name: EXCHANGE, type: 'topic', options: { autoDelete: true } }],
    channels: { main: { prefetchCount: 250, default: true }, slow: { prefetchCount: 1 } },
    defaultSubscribeErrorBehavior: MessageHandlerErrorBehavior.ACK,
    defaultPublishOptions: { headers: { default: 'yes' } },
    connectionInitOptions: { wait: true, timeout: 15_000 },
  }),
];
