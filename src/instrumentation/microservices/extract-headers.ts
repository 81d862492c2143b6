import { deliveries } from '../../context/delivery.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { ReadCarrier } from '../../trace/propagation.js';
import {
  ownValue,
  readerOf,
  takeFromBag,
  takeFromHolder,
  type HeaderBag,
} from './carried-headers.js';
import { takeMetadata } from './packet-metadata.js';

/** What a transport says of a message besides its data. */
export interface Delivery {
  /** Its headers. Left out: it has none. */
  readonly read?: ReadCarrier | undefined;
  /** 1 for the first time, where the transport knows. */
  readonly attempt?: number | undefined;
}

/** The context that NestJS gives to a handler: that of its transport, or that of a custom one. */
interface MessageContext {
  getArgs?(): unknown;
  getHeaders?(): unknown;
  getMessage?(): unknown;
  getPacket?(): unknown;
  getMetadata?(): unknown;
}

/** The headers of NATS, which are not a plain object. */
interface NatsHeaders {
  values(name: string): string[];
  delete?(name: string): void;
  keys?(): readonly string[];
}

interface Slot {
  readonly holder: object;
  readonly key: string;
}

const DELIVERIES: Readonly<Record<string, (context: MessageContext) => Delivery>> = {
  nats: natsDelivery,
  rabbitmq: rabbitDelivery,
  mqtt: mqttDelivery,
  // NestJS itself reads the headers of a message that has none.
  kafka: (context) => ({
    read: headersIn(context.getMessage?.(), 'headers', false),
    attempt: deliveries.getStore()?.takeAttempt(),
  }),
};

const readDelivery = guardCallback(
  'a message context',
  (transport: string, context: MessageContext): Delivery =>
    DELIVERIES[transport]?.(context) ?? {
      read:
        headersOf(context, context.getMetadata?.()) ?? headersOf(context, context.getHeaders?.()),
    },
);

/**
 * Reads what came with a message, and leaves the handler what the sending application had set. None
 * of it is trusted.
 */
export function deliveryOf(transport: string, context: unknown): Delivery {
  const metadata = takeMetadata();
  const delivery = readDelivery(transport, Object(context) as MessageContext);
  return { read: delivery?.read ?? metadata, attempt: delivery?.attempt };
}

/** @see https://docs.nats.io/reference/reference-protocols/nats-protocol#hpub */
function natsDelivery(context: MessageContext): Delivery {
  const headers = context.getHeaders?.() as NatsHeaders | undefined;
  if (headers === undefined) return {};
  const bag: HeaderBag = {
    read: (name) => headers.values(name),
    remove: (name) => headers.delete?.(name),
  };
  const { read, isAlone } = takeFromBag(headers, bag);
  const slot = isAlone && headers.keys?.().length === 0 ? slotOf(context, headers) : undefined;
  if (slot !== undefined) Reflect.set(slot.holder, slot.key, undefined);
  return { read };
}

/** @see https://www.rabbitmq.com/docs/quorum-queues#position-for-requeued-messages */
function rabbitDelivery(context: MessageContext): Delivery {
  const message = context.getMessage?.();
  const read = headersIn(ownValue(message, 'properties'), 'headers');
  const isRedelivered = ownValue(ownValue(message, 'fields'), 'redelivered') === true;
  // Only quorum queues count.
  const earlier = read?.('x-delivery-count');
  const isCounted = Number.isSafeInteger(earlier) && (earlier as number) >= 0;
  const attempt = isCounted ? (earlier as number) + 1 : isRedelivered ? 2 : 1;
  return { read, attempt };
}

/** @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901116 */
function mqttDelivery(context: MessageContext): Delivery {
  const packet = context.getPacket?.();
  const properties = ownValue(packet, 'properties');
  const read = headersIn(properties, 'userProperties');
  // A packet without properties has no such member.
  if (isObject(properties) && ownValue(properties, 'userProperties') === undefined) {
    Reflect.deleteProperty(properties, 'userProperties');
    if (Object.keys(properties).length === 0)
      Reflect.deleteProperty(packet as object, 'properties');
  }
  return { read };
}

/** Headers that an object holds, such as a message that a transport gives to the handler. */
function headersIn(holder: unknown, key: string, isOptional?: boolean): ReadCarrier | undefined {
  return isObject(holder) ? takeFromHolder(holder, key, isOptional) : undefined;
}

/** Headers that a context returns, and keeps wherever it likes. */
function headersOf(context: MessageContext, headers: unknown): ReadCarrier | undefined {
  if (!isObject(headers)) return undefined;
  const slot = slotOf(context, headers);
  return slot === undefined ? readerOf(headers) : takeFromHolder(slot.holder, slot.key);
}

/** Where a context keeps a value: among the arguments that NestJS gave it, or in a field. */
function slotOf(context: MessageContext, value: object): Slot | undefined {
  for (const holder of [context.getArgs?.(), context]) {
    if (!isObject(holder)) continue;
    const key = Object.keys(holder).find((name) => ownValue(holder, name) === value);
    if (key !== undefined) return { holder, key };
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
