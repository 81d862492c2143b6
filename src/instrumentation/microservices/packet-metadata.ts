import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { withMethod } from './with-method.js';

/** The parts of a server that a packet passes through. */
export interface PacketServer {
  deserializer?: Deserializer | undefined;
  handleMessage?: ((...args: unknown[]) => unknown) | undefined;
}

interface Deserializer {
  deserialize(...args: unknown[]): unknown;
}

/** These have headers of their own for it. */
const TRANSPORTS_WITH_HEADERS = new Set(['nats', 'rabbitmq', 'kafka', 'grpc']);

const arriving = new AsyncLocalStorage<{ metadata: unknown }>();
const noted = new WeakSet<PacketServer>();

/**
 * Lets a server note the `metadata` of each packet. That is NestJS 12's own place for what travels
 * with a packet beside its data; but only TCP and Redis hand it on to the handler, and NestJS 11
 * knows nothing of it.
 */
export function noteMetadata(server: PacketServer, transport: string): void {
  if (noted.has(server) || TRANSPORTS_WITH_HEADERS.has(transport)) return;
  noted.add(server);
  const { handleMessage, deserializer } = server;
  if (typeof handleMessage !== 'function' || deserializer === undefined) return;

  server.handleMessage = function (...args) {
    return arriving.run({ metadata: undefined }, () => handleMessage.apply(this, args));
  };
  server.deserializer = withMethod(deserializer, 'deserialize', (raw, ...rest) => {
    const packet = deserializer.deserialize(raw, ...rest);
    const message = arriving.getStore();
    const note = (value: unknown): void => {
      if (message !== undefined) message.metadata = metadataOf(value) ?? metadataOf(raw);
    };
    if (types.isPromise(packet)) packet.then(note, () => {});
    else note(packet);
    return packet;
  });
}

/** The metadata of the packet that is being delivered. There once: it is not what the handler sends. */
export function takeMetadata(): unknown {
  const message = arriving.getStore();
  if (message === undefined) return undefined;
  const { metadata } = message;
  message.metadata = undefined;
  return metadata;
}

/** Of a packet of NestJS's. Anybody else's message may call something else so. */
function metadataOf(packet: unknown): unknown {
  const { pattern, metadata } = Object(packet) as { pattern?: unknown; metadata?: unknown };
  return pattern === undefined ? undefined : metadata;
}
