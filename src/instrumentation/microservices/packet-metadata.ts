import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import type { ReadCarrier } from '../../trace/propagation.js';
import { definePatch } from '../patch.js';
import { takeFromHolder } from './carried-headers.js';
import { overrideMethod, type AnyMethod } from './method-proxy.js';

/** The parts of a server that a packet passes through. */
export interface PacketServer {
  deserializer?: { deserialize: AnyMethod } | undefined;
  handleMessage?: AnyMethod | undefined;
}

/** The exports of NestJS that show whether a server passes metadata on. All may be missing. */
export interface PacketClasses {
  readonly ServerTCP?: { readonly prototype: object };
  readonly ServerRedis?: { readonly prototype: object };
  readonly ServerMqtt?: { readonly prototype: object };
  readonly TcpContext?: { readonly prototype: { getMetadata?(): unknown } };
  readonly RedisContext?: { readonly prototype: { getMetadata?(): unknown } };
  readonly IncomingRequestDeserializer?: { readonly prototype: object };
}

const METADATA = definePatch({
  package: '@nestjs/microservices',
  target: 'Server#deserializer and #handleMessage',
  gives:
    'the trace of the sender of a message, for transports without headers: MQTT before 5, custom ones, and TCP and Redis on NestJS 11 or with a custom deserializer',
  without: 'messages over transports without headers do not continue the trace of their sender',
  why: 'of all contexts only those of TCP and Redis have `getMetadata`, on NestJS 12, and not if a custom deserializer drops it; the processing hooks get the same contexts and a pre-request hook the data, both without the packet',
});

const TRANSPORTS_WITH_HEADERS = new Set(['nats', 'rabbitmq', 'kafka', 'grpc']);

const arriving = new AsyncLocalStorage<{ metadata: ReadCarrier | undefined }>();
const noted = new WeakSet<PacketServer>();

/**
 * Lets a server note the `metadata` of each packet, NestJS 12's own place for what travels with a
 * packet beside its data, unless the context of the message will have it.
 */
export function noteMetadata(
  server: PacketServer,
  transport: string,
  classes: PacketClasses,
): void {
  if (noted.has(server) || TRANSPORTS_WITH_HEADERS.has(transport)) return;
  noted.add(server);
  if (hasMetadataInContext(server, classes)) return;
  const { handleMessage, deserializer } = server;
  if (typeof handleMessage !== 'function' || typeof deserializer?.deserialize !== 'function') {
    // A custom server may have neither.
    if (isOfNestjs(server, classes)) METADATA.unsupported('one of them is missing');
    return;
  }
  METADATA.methodOfInstance(
    server as Required<PacketServer>,
    'handleMessage',
    () =>
      function (this: PacketServer, ...args) {
        return arriving.run({ metadata: undefined }, () => handleMessage.apply(this, args));
      },
  );
  server.deserializer = overrideMethod(deserializer, 'deserialize', (raw, ...rest) => {
    const packet = deserializer.deserialize(raw, ...rest);
    const message = arriving.getStore();
    const note = (value: unknown): void => {
      if (message === undefined) return;
      const metadata = takeMetadataOf(value);
      // The server may make the handler's context of the packet as it arrived.
      const original = raw === value ? undefined : takeMetadataOf(raw);
      message.metadata = metadata ?? original;
    };
    if (types.isPromise(packet)) packet.then(note, () => {});
    else note(packet);
    return packet;
  });
}

function isOfNestjs(server: PacketServer, classes: PacketClasses): boolean {
  return [classes.ServerTCP, classes.ServerRedis, classes.ServerMqtt].some(
    (owner) => owner !== undefined && Object.prototype.isPrototypeOf.call(owner.prototype, server),
  );
}

/** NestJS 12's own servers of TCP and Redis, with its own deserializer. */
function hasMetadataInContext(server: PacketServer, classes: PacketClasses): boolean {
  const { ServerTCP, ServerRedis, TcpContext, RedisContext } = classes;
  const isOf = (value: unknown, owner: { readonly prototype: object } | undefined): boolean =>
    owner !== undefined && Object.getPrototypeOf(Object(value)) === owner.prototype;
  if (!isOf(server.deserializer, classes.IncomingRequestDeserializer)) return false;
  return [[ServerTCP, TcpContext] as const, [ServerRedis, RedisContext] as const].some(
    ([owner, context]) =>
      isOf(server, owner) && typeof context?.prototype.getMetadata === 'function',
  );
}

/** The metadata of the packet that is being delivered. Only once: it is not that of messages which the handler delivers itself. */
export function takeMetadata(): ReadCarrier | undefined {
  const message = arriving.getStore();
  if (message === undefined) return undefined;
  const { metadata } = message;
  message.metadata = undefined;
  return metadata;
}

/** Only of a packet of NestJS: messages of other senders may use the name for something else. */
function takeMetadataOf(packet: unknown): ReadCarrier | undefined {
  const { pattern } = Object(packet) as { pattern?: unknown };
  return pattern === undefined ? undefined : takeFromHolder(packet as object, 'metadata');
}
