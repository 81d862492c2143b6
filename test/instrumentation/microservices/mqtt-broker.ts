import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { parser, writeToStream, type IPublishPacket, type Packet } from 'mqtt-packet';

interface Connection {
  readonly socket: Socket;
  readonly topics: Set<string>;
  protocolVersion: number;
}

/**
 * The parts of an MQTT broker that a test needs: QoS 0, no wildcards, and MQTT 5, which no embedded
 * broker supports.
 */
export class MqttBroker {
  /** The packets that were published, unchanged. */
  readonly published: IPublishPacket[] = [];
  private readonly connections = new Set<Connection>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.accept(socket));
  }

  static async start(): Promise<MqttBroker> {
    const broker = new MqttBroker(createServer().listen(0, '127.0.0.1'));
    await once(broker.server, 'listening');
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    const connection: Connection = { socket, topics: new Set(), protocolVersion: 4 };
    this.connections.add(connection);
    const incoming = parser();
    incoming.on('packet', (packet: Packet) => this.answer(connection, packet));
    socket.on('data', (chunk) => incoming.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(connection));
  }

  private answer(connection: Connection, packet: Packet): void {
    const { socket, topics } = connection;
    const protocolVersion = { protocolVersion: connection.protocolVersion };
    const send = (answer: Packet): void => void writeToStream(answer, socket, protocolVersion);
    switch (packet.cmd) {
      case 'connect':
        connection.protocolVersion = packet.protocolVersion ?? 4;
        protocolVersion.protocolVersion = connection.protocolVersion;
        send({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false });
        break;
      case 'subscribe':
        for (const { topic } of packet.subscriptions) topics.add(topic);
        send({ cmd: 'suback', messageId: packet.messageId!, granted: [0] });
        break;
      case 'unsubscribe':
        for (const topic of packet.unsubscriptions) topics.delete(topic);
        send({ cmd: 'unsuback', messageId: packet.messageId!, granted: [0] });
        break;
      case 'pingreq':
        send({ cmd: 'pingresp' });
        break;
      case 'disconnect':
        socket.end();
        break;
      case 'publish':
        this.published.push(packet);
        for (const other of this.connections)
          if (other.topics.has(packet.topic)) forward(other, packet);
        break;
      default:
    }
  }
}

/** Clients of older versions get no properties. */
function forward({ socket, protocolVersion }: Connection, packet: IPublishPacket): void {
  const { topic, payload, properties } = packet;
  const message = { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false } as const;
  writeToStream(
    protocolVersion === 5 && properties !== undefined ? { ...message, properties } : message,
    socket,
    { protocolVersion },
  );
}
