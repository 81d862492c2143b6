import { guardCallback } from '../../options/guard-callback.js';
import type { ReadCarrier } from '../../trace/propagation.js';
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
  getHeaders?(): unknown;
  getMessage?(): unknown;
  getPacket?(): unknown;
  getMetadata?(): unknown;
}

const DELIVERIES: Readonly<Record<string, (context: MessageContext) => Delivery>> = {
  nats: natsDelivery,
  rabbitmq: rabbitDelivery,
  mqtt: mqttDelivery,
  kafka: (context) => ({ read: readerOf(valueAt(context.getMessage?.(), 'headers')) }),
};

const readDelivery = guardCallback(
  'a message context',
  (transport: string, context: MessageContext): Delivery =>
    DELIVERIES[transport]?.(context) ?? {
      read: readerOf(context.getMetadata?.()) ?? readerOf(context.getHeaders?.()),
    },
);

/** Reads what came with a message. None of it is trusted. */
export function deliveryOf(transport: string, context: unknown): Delivery {
  const metadata = takeMetadata();
  const delivery = readDelivery(transport, Object(context) as MessageContext);
  return { read: delivery?.read ?? readerOf(metadata), attempt: delivery?.attempt };
}

/** @see https://docs.nats.io/reference/reference-protocols/nats-protocol#hpub */
function natsDelivery(context: MessageContext): Delivery {
  const headers = context.getHeaders?.() as { values(name: string): string[] } | undefined;
  return { read: headers && ((name) => headers.values(name)) };
}

/** @see https://www.rabbitmq.com/docs/quorum-queues#position-for-requeued-messages */
function rabbitDelivery(context: MessageContext): Delivery {
  const message = context.getMessage?.();
  const headers = valueAt(valueAt(message, 'properties'), 'headers');
  const isRedelivered = valueAt(valueAt(message, 'fields'), 'redelivered') === true;
  // Only quorum queues count.
  const earlier = valueAt(headers, 'x-delivery-count');
  const isCounted = Number.isSafeInteger(earlier) && (earlier as number) >= 0;
  const attempt = isCounted ? (earlier as number) + 1 : isRedelivered ? 2 : 1;
  return { read: readerOf(headers), attempt };
}

/** @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901116 */
function mqttDelivery(context: MessageContext): Delivery {
  const packet = context.getPacket?.();
  return { read: readerOf(valueAt(valueAt(packet, 'properties'), 'userProperties')) };
}

function readerOf(headers: unknown): ReadCarrier | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  return (name) => valueAt(headers, name);
}

/** Looks at own properties only: a sender may choose any name. */
function valueAt(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) {
    return undefined;
  }
  return (holder as Record<string, unknown>)[name];
}
