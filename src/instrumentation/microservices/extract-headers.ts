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

/** RabbitMQ writes one entry for each queue and reason. */
const MAX_DEATHS = 100;
/** More deliveries than any message has. */
const MAX_COUNT = 1_000_000;

interface Slot {
  readonly holder: object;
  readonly key: string;
}

const DELIVERIES: Readonly<Record<string, (context: MessageContext, queue: unknown) => Delivery>> =
  {
    nats: natsDelivery,
    rabbitmq: (context, queue) => rabbitDelivery(context.getMessage?.(), queue),
    mqtt: mqttDelivery,
    // NestJS itself reads the headers of a message that has none.
    kafka: (context) => ({
      read: headersIn(context.getMessage?.(), 'headers', false),
      attempt: deliveries.getStore()?.takeAttempt(),
    }),
  };

const readDelivery = guardCallback(
  'a message context',
  (transport: string, context: MessageContext, queue: unknown): Delivery =>
    DELIVERIES[transport]?.(context, queue) ?? {
      read:
        headersOf(context, context.getMetadata?.()) ?? headersOf(context, context.getHeaders?.()),
    },
);

/**
 * Reads what came with a message, and leaves the handler what the sending application had set. None
 * of it is trusted.
 *
 * @param queue the queue that it was taken from, where the transport has them.
 */
export function deliveryOf(transport: string, context: unknown, queue?: unknown): Delivery {
  const metadata = takeMetadata();
  const delivery = readDelivery(transport, Object(context) as MessageContext, queue);
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

/**
 * Only quorum queues count deliveries. A message that its queue has rejected before, and that came
 * back from a dead-letter exchange, has been delivered that many times.
 *
 * @see https://www.rabbitmq.com/docs/quorum-queues#position-for-requeued-messages
 * @see https://www.rabbitmq.com/docs/dlx#effects
 */
export function rabbitDelivery(message: unknown, queue: unknown): Delivery {
  const properties = ownValue(message, 'properties');
  const headers = ownValue(properties, 'headers');
  const exact = headersIn(properties, 'headers');
  const isRedelivered = ownValue(ownValue(message, 'fields'), 'redelivered') === true;
  const counted = countIn(exact?.('x-delivery-count'));
  const earlier = counted ?? (isRedelivered ? 1 : 0);
  const read = exact && isObject(headers) ? inAnyCase(exact, headers) : exact;
  return { read, attempt: 1 + earlier + rejections(exact?.('x-death'), queue) };
}

/** How often a queue has rejected a message. The header comes from outside, and may be anything. */
function rejections(deaths: unknown, queue: unknown): number {
  if (!Array.isArray(deaths) || typeof queue !== 'string') return 0;
  const own = deaths.slice(0, MAX_DEATHS).filter((death: unknown) => {
    const reason = ownValue(death, 'reason');
    return (
      ownValue(death, 'queue') === queue && (reason === 'rejected' || reason === 'delivery_limit')
    );
  });
  return own.reduce((sum: number, death) => sum + (countIn(ownValue(death, 'count')) ?? 0), 0);
}

function countIn(value: unknown): number | undefined {
  const isCount = Number.isSafeInteger(value) && (value as number) >= 0;
  return isCount && (value as number) < MAX_COUNT ? (value as number) : undefined;
}

/** Names of AMQP headers keep their case; senders in other languages write `X-Request-ID`. */
function inAnyCase(read: ReadCarrier, headers: object): ReadCarrier {
  return (name) => {
    const value = read(name);
    if (value !== undefined) return value;
    const same = Object.keys(headers).filter((key) => key.toLowerCase() === name);
    return same.length === 0 ? undefined : same.map((key) => ownValue(headers, key));
  };
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
