import { describe, expect, it } from '@jest/globals';
import { startMoved } from '../../support/moved-internal.js';

/** The trace in which the application sends its message. */
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const APPLICATION = 'test/instrumentation/microservices/moved-app.ts';
const NESTJS = '@nestjs/microservices';
const LISTENERS = `${NESTJS}/listeners-controller.js`;
const KAFKA_SERIALIZER = `${NESTJS}/serializers/kafka-request.serializer.js`;

interface Case {
  readonly what: string;
  readonly unresolvable?: string;
  /** Paths to members from the exports of a module. */
  readonly removed?: Readonly<Record<string, readonly string[]>>;
  /** What each warning says: the package, its version, what is missing and where. */
  readonly warnings: readonly RegExp[];
  /** The message that the application sends over TCP, as far as it is traced. */
  readonly message?: object;
}

const TRACED = { trace_id: TRACE_ID, handler: 'RootController.ask', outcome: 'completed' };

const CASES: readonly Case[] = [
  { what: 'nothing', warnings: [], message: TRACED },
  {
    what: 'the modules of the listeners and of what handles errors',
    unresolvable: `^${NESTJS}/.`,
    warnings: [
      /microservices 1\d\.\S+ .*: messages are not traced .*Cannot find module/,
      /microservices 1\d\.\S+ .*: the error of a message is what an exception filter .*Cannot find/,
    ],
  },
  {
    what: 'the method that registers handlers',
    removed: { [LISTENERS]: ['ListenersController.prototype.registerPatternHandlers'] },
    warnings: [/microservices 1\d\.\S+ .*: messages are not traced .*registerPatternHandlers/],
  },
  {
    what: 'the method that gets the names of handlers, and those that send',
    removed: {
      [LISTENERS]: ['ListenersController.prototype.insertEntrypointDefinition'],
      [NESTJS]: ['ClientProxy.prototype.send', 'ClientProxy.prototype.emit'],
    },
    warnings: [
      /microservices 1\d\.\S+ .*: .* name the controller and not the method/,
      /microservices 1\d\.\S+ .*: messages that are sent have no span/,
    ],
  },
  {
    what: 'the dispatch hook, as on NestJS 11,',
    removed: { [NESTJS]: ['ClientProxy.prototype.setOnDispatchHook'] },
    warnings: [],
    message: TRACED,
  },
  {
    what: 'the dispatch hook, the methods behind it, and the way to metadata of gRPC',
    removed: {
      [NESTJS]: [
        'ClientProxy.prototype.setOnDispatchHook',
        'ClientRedis.prototype.publish',
        'ClientRedis.prototype.dispatchEvent',
        'ClientRedis.prototype.connect',
      ],
      '@grpc/grpc-js': ['Client.prototype.checkMetadataAndOptions'],
    },
    warnings: [
      /microservices 1\d\.\S+ .*: what a connection logs has the ids/,
      /microservices 1\d\.\S+ .*: messages carry no trace over transports without headers/,
      /grpc-js 1\.\S+ .*: gRPC calls that are sent without metadata carry no trace/,
    ],
    message: TRACED,
  },
  {
    what: 'an internal of each transport',
    removed: {
      [NESTJS]: [
        'ClientNats.prototype.mergeHeaders',
        'ClientRMQ.prototype.mergeHeaders',
        'ClientMqtt.prototype.mergePacketOptions',
        'ClientKafka.prototype.emitBatch',
        'ClientGrpcProxy.prototype.createServiceMethod',
        'ServerMqtt.prototype.handleMessage',
      ],
      [KAFKA_SERIALIZER]: ['KafkaRequestSerializer.prototype.serialize'],
    },
    warnings: [
      /microservices 1\d\.\S+ .*: batches of Kafka messages have no span/,
      /microservices 1\d\.\S+ .*: gRPC calls that are sent have no span/,
      /microservices 1\d\.\S+ .*: messages over NATS carry no trace/,
      /microservices 1\d\.\S+ .*: messages over RabbitMQ carry no trace/,
      /microservices 1\d\.\S+ .*: messages over MQTT 5 carry no trace/,
      /microservices 1\d\.\S+ .*: messages over Kafka carry no trace/,
      /microservices 1\d\.\S+ .*: messages over transports without headers do not continue/,
    ],
    message: TRACED,
  },
];

describe('a version of the package in which something has moved', () => {
  it.each(CASES)(
    'without $what has a warning for each loss, and the rest is traced',
    async ({ unresolvable, removed = {}, warnings, message }) => {
      const outcome = await startMoved(APPLICATION, {
        ...(unresolvable !== undefined && { unresolvable }),
        removed: Object.entries(removed).flatMap(([module, paths]) =>
          paths.map((path) => ({ module, path })),
        ),
      });

      expect(outcome.warnings).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
      expect(outcome.otherWarnings).toEqual([]);
      expect(outcome.status).toBe(200);
      const linesOf = (text: string): unknown[] =>
        outcome.entries.filter((entry) => entry['message'] === text);
      expect(linesOf('Request finished')).toMatchObject([
        { path: '/', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
      ]);
      expect(linesOf('Message finished')).toMatchObject(message === undefined ? [] : [message]);
    },
    30_000,
  );
});
