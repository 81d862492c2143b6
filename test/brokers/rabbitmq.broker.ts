import { afterEach, expect, it } from '@jest/globals';
import { connect, type MessagePropertyHeaders } from 'amqplib';
import { accessTo } from './servers/access.js';
import { ThreeServices } from './three-services.js';
import { describeTransport, JSON_CARRIERS, TRACEPARENT } from './transport-cases.js';

const broker = accessTo('rabbitmq');

const isHeaders = (carrier: unknown): boolean =>
  typeof carrier === 'object' && carrier !== null && !Array.isArray(carrier);

/** The client has no room for more. */
const MAX_TABLE = 65_536;
const fitsInTable = (carrier: unknown): boolean => JSON.stringify(carrier).length < MAX_TABLE;

describeTransport({
  title: 'RabbitMQ',
  broker,
  transport: 'rabbitmq',
  name: 'rabbitmq',
  async openRaw(url, scope) {
    const connection = await connect(url);
    const channel = await connection.createConfirmChannel();
    return {
      send(pattern, data, headers) {
        channel.sendToQueue(`${scope}-worker`, Buffer.from(JSON.stringify({ pattern, data })), {
          headers: headers as MessagePropertyHeaders,
        });
        return channel.waitForConfirms();
      },
      close: () => connection.close(),
    };
  },
  carriers: [
    ...JSON_CARRIERS.filter(isHeaders).filter(fitsInTable),
    { traceparent: 'a'.repeat(30_000), 'x-request-id': 'a'.repeat(30_000) },
    { traceparent: { value: TRACEPARENT } },
    { traceparent: Buffer.from([0xff, 0xfe, 0x00]) },
    { traceparent: true, tracestate: null, baggage: 1.5 },
  ],
});

broker.describe('a message that RabbitMQ delivers again', () => {
  let services: ThreeServices;

  afterEach(() => services.stop());

  it.each([
    { type: 'classic', rejections: 1 },
    { type: 'quorum', rejections: 2 },
  ])(
    'has one line for each delivery, from a $type queue',
    async ({ type, rejections }) => {
      services = await ThreeServices.start({
        TRANSPORT: 'rabbitmq',
        BROKER_URL: broker.url,
        SCOPE: `nestjs-tracing-${type}-${process.pid}`,
        QUEUE_TYPE: type,
        NO_ACK: 'false',
      });
      const { traceId } = await services.post('emit/redeliver', { n: 1, rejections });
      const deliveries = await services.messages(traceId, rejections + 1);
      expect(deliveries.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: rejections + 1 }, (_, i) => i + 1),
      );
      expect(new Set(deliveries.map(({ span_id }) => span_id)).size).toBe(rejections + 1);
      const parents = new Set(deliveries.map((line) => line['parent_span_id']));
      expect(parents.size).toBe(1);
      await services.untilTrees(traceId);
    },
    60_000,
  );
});
