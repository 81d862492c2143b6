import type { Broker } from './brokers.js';

const CORRELATION_ID = 0x0a_0b_0c;
const CORRELATION_ID_AT = 4;

/** Kafka: librdkafka's mock cluster, which Debian's `kcat` starts. It chooses its ports itself. */
export const KAFKA = kafka('kafka', 'KAFKA_URL', 1);
/** The same with three brokers. */
export const KAFKA_CLUSTER = kafka('kafka-cluster', 'KAFKA_CLUSTER_URL', 3);

function kafka(name: 'kafka' | 'kafka-cluster', variable: string, count: number): Broker {
  return {
    name,
    variable,
    scheme: 'kafka',
    defaultPort: 9092,
    otherPorts: 0,
    debianPackage: 'kcat',
    programs: () => [
      {
        file: ['kcat'],
        args: [
          ...['-C', '-X', `test.mock.num.brokers=${count}`, '-b', 'mock'],
          ...['-t', 'idle', '-o', 'end'],
        ],
      },
    ],
    portIn(output) {
      const [, port] = /replaced with [\d.]+:(\d+)/.exec(output) ?? [];
      return port === undefined ? undefined : Number(port);
    },
    greeting: apiVersionsRequest(),
    isAnswer: (answer) =>
      answer.length > 8 && answer.readInt32BE(CORRELATION_ID_AT) === CORRELATION_ID,
  };
}

/** @see https://kafka.apache.org/protocol.html#The_Messages_ApiVersions */
function apiVersionsRequest(): Buffer {
  const apiKey = 18;
  const request = Buffer.alloc(14);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(apiKey, 4);
  request.writeInt32BE(CORRELATION_ID, 8);
  // Without a client id.
  request.writeInt16BE(-1, 12);
  return request;
}
