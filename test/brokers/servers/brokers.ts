import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from './address.js';
import { KAFKA, KAFKA_CLUSTER } from './kafka.js';
import { MARIADB } from './mariadb.js';
import { POSTGRES } from './postgres.js';

export type BrokerName =
  'redis' | 'nats' | 'rabbitmq' | 'mosquitto' | 'kafka' | 'kafka-cluster' | 'postgres' | 'mariadb';

/** A process that serves a broker, or a part of it. */
export interface Program {
  /** Names of the file, the first that is found counts. */
  readonly file: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program is to use, and nothing else. */
interface Place {
  readonly port: number;
  /** As many free ports as it asks for, besides. */
  readonly otherPorts: readonly number[];
  /** An empty folder. */
  readonly folder: string;
}

/** How one kind of broker is found, started and checked. */
export interface Broker {
  readonly name: BrokerName;
  /** The variable that may hold its URL. */
  readonly variable: string;
  readonly scheme: string;
  readonly defaultPort: number;
  readonly otherPorts: number;
  /** What it is called in Debian. */
  readonly debianPackage: string;
  /** In the order in which they start; the last is the broker itself. */
  programs(place: Place): readonly Program[];
  /**
   * The port in the output of its programs, for a broker that chooses it itself; `undefined` as long
   * as it has not. Such a broker cannot be stopped and started by a test.
   */
  portIn?(output: string): number | undefined;
  /** What a client says first; empty where the broker does. */
  readonly greeting: string | Buffer;
  /** Whether the first bytes of the answer are those of such a broker that is ready. */
  isAnswer(answer: Buffer): boolean;
}

const REDIS: Broker = {
  name: 'redis',
  variable: 'REDIS_URL',
  scheme: 'redis',
  defaultPort: 6379,
  otherPorts: 0,
  debianPackage: 'redis-server',
  programs: ({ port, folder }) => [
    {
      file: ['redis-server'],
      // Every write is kept: what was added before a restart must be there after it.
      args: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
      ],
    },
  ],
  greeting: 'PING\r\n',
  // A broker that wants a password is ready too; one that still loads its data is not.
  isAnswer: (answer) => /^(?:\+PONG|-NOAUTH)/.test(answer.toString('latin1')),
};

const NATS: Broker = {
  name: 'nats',
  variable: 'NATS_URL',
  scheme: 'nats',
  defaultPort: 4222,
  otherPorts: 0,
  debianPackage: 'nats-server',
  programs: ({ port }) => [
    { file: ['nats-server'], args: ['--addr', '127.0.0.1', '--port', String(port)] },
  ],
  greeting: '',
  isAnswer: (answer) => answer.toString('latin1').startsWith('INFO '),
};

const AMQP_METHOD_FRAME = 1;

const RABBITMQ: Broker = {
  name: 'rabbitmq',
  variable: 'RABBITMQ_URL',
  scheme: 'amqp',
  defaultPort: 5672,
  otherPorts: 2,
  debianPackage: 'rabbitmq-server',
  programs: ({ port, otherPorts: [distributionPort, namesPort], folder }) => {
    const names = { ERL_EPMD_PORT: String(namesPort), ERL_EPMD_ADDRESS: '127.0.0.1' };
    return [
      // Erlang would start one in the background, which outlives the broker.
      { file: ['epmd'], args: [], env: names },
      {
        // The one on the path of Debian changes to another user, who may not write here.
        file: ['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server'],
        args: [],
        env: {
          ...names,
          HOME: folder,
          RABBITMQ_NODENAME: `tracing-${port}@localhost`,
          RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
          RABBITMQ_NODE_PORT: String(port),
          RABBITMQ_DIST_PORT: String(distributionPort),
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
          RABBITMQ_MNESIA_BASE: join(folder, 'data'),
          RABBITMQ_LOG_BASE: join(folder, 'log'),
          RABBITMQ_ENABLED_PLUGINS_FILE: write(folder, 'plugins', '[].\n'),
          RABBITMQ_CONFIG_FILE: write(folder, 'rabbitmq.conf', ''),
          RABBITMQ_CONF_ENV_FILE: write(folder, 'rabbitmq-env.conf', ''),
        },
      },
    ];
  },
  greeting: Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  isAnswer: (answer) => answer[0] === AMQP_METHOD_FRAME,
};

const MQTT_CONNACK = 0x20;

const MOSQUITTO: Broker = {
  name: 'mosquitto',
  variable: 'MQTT_URL',
  scheme: 'mqtt',
  defaultPort: 1883,
  otherPorts: 0,
  debianPackage: 'mosquitto',
  programs: ({ port, folder }) => {
    const settings = `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`;
    return [{ file: ['mosquitto'], args: ['-c', write(folder, 'mosquitto.conf', settings)] }];
  },
  // CONNECT of MQTT 3.1.1 with a clean session, ten seconds, and the client id `probe`.
  greeting: Buffer.from('\x10\x11\x00\x04MQTT\x04\x02\x00\x0a\x00\x05probe', 'latin1'),
  isAnswer: (answer) => answer[0] === MQTT_CONNACK,
};

export const BROKERS: readonly Broker[] = [
  ...[REDIS, NATS, RABBITMQ, MOSQUITTO, KAFKA, KAFKA_CLUSTER],
  ...[POSTGRES, MARIADB],
];

/** The URL of a broker that listens there. */
export function urlOf({ scheme }: Broker, { host, port }: Address): string {
  return `${scheme}://${host}:${port}`;
}

function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
