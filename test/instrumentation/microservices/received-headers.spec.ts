import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { Controller } from '@nestjs/common';
import {
  ClientRMQ,
  Ctx,
  EventPattern,
  KafkaContext,
  MqttContext,
  NatsContext,
  Payload,
  RmqContext,
  RmqRecord,
  ServerRMQ,
  TcpContext,
} from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { TracingLogger } from '../../../src/index.js';
import {
  MARK,
  withMarkedHeaders,
} from '../../../src/instrumentation/microservices/carried-headers.js';
import { deliveryOf } from '../../../src/instrumentation/microservices/extract-headers.js';
import { carrierText } from '../../../src/trace/carrier-text.js';
import { clientApp } from './client-app.js';
import { serverApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const OURS = {
  traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`,
  'x-request-id': 'r-1',
  'x-session-id': 's-1',
};
const OTHERS = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;

interface RabbitMessage {
  content: Buffer;
  properties: { headers?: Record<string, unknown> | undefined };
  fields: { redelivered: boolean };
}

/** No broker: what a client sends is handed to the server at once. */
class Server extends ServerRMQ {
  override listen = (done: () => void): Promise<void> => Promise.resolve(done());
  override close = (): Promise<void> => Promise.resolve();
}

class Client extends ClientRMQ {
  readonly sent: RabbitMessage[] = [];
  /** What another instrumentation does to a message on its way. */
  change = (_headers: Record<string, unknown>): void => {};

  constructor(private readonly server: Server) {
    super({ queue: 'orders' });
    const channel = {
      sendToQueue: async (_queue: string, content: Buffer, options: object, done: () => void) => {
        const { headers } = options as RabbitMessage['properties'];
        const properties = { ...options, headers: headers && { ...headers } };
        if (properties.headers !== undefined) this.change(properties.headers);
        const message = { content, properties, fields: { redelivered: false } };
        this.sent.push({ ...message, properties: { ...properties } });
        await this.deliver(message);
        done();
      },
    };
    Object.assign(this, { connect: () => Promise.resolve(), channel });
  }

  deliver(message: RabbitMessage): Promise<void> {
    return this.server.handleMessage(message as never, {} as never);
  }
}

@Controller()
class OrderController {
  constructor(private readonly logger: TracingLogger) {}

  @EventPattern('order.saved')
  async saved(@Payload() { n }: { n: number }, @Ctx() context: unknown): Promise<void> {
    const message = (context as RmqContext).getMessage();
    const { headers } = message['properties'] as RabbitMessage['properties'];
    this.logger.log('saved', { n, headers });
    await sleep(n % 7);
    this.logger.log('done', { n });
  }
}

async function start() {
  const strategy = new Server({ queue: 'orders', noAck: true });
  const server = await serverApp({ controllers: [OrderController] }, { strategy });
  await server.app.listen();
  const client = new Client(strategy);
  const { trace } = await clientApp({ providers: [{ provide: 'CLIENT', useValue: client }] });
  const emit = (n: number, headers?: Record<string, string>): Promise<string> =>
    trace.run(undefined, async () => {
      const data = headers === undefined ? { n } : new RmqRecord({ n }, { headers });
      await lastValueFrom(client.emit('order.saved', data), { defaultValue: undefined });
      return trace.traceId!;
    });
  const headersSeen = (): unknown[] => server.sink.linesOf('saved').map((line) => line['headers']);
  return { server, client, trace, emit, headersSeen };
}

describe('a handler of RabbitMQ messages', () => {
  it('sees the headers that were sent, and the message carries the trace', async () => {
    const { server, client, emit, headersSeen } = await start();
    const traceId = await emit(1, { 'x-version': '2' });
    expect(await server.finished(1)).toMatchObject([{ trace_id: traceId }]);
    expect(headersSeen()).toEqual([{ 'x-version': '2' }]);
    expect(client.sent[0]!.properties.headers).toMatchObject({
      'x-version': '2',
      traceparent: expect.stringContaining(traceId),
      'x-request-id': expect.any(String),
      'x-session-id': expect.any(String),
    });
  });

  it('sees none where none were sent', async () => {
    const { server, emit, headersSeen } = await start();
    const traceIds = [await emit(1), await emit(2, {})];
    expect((await server.finished(2)).map(({ trace_id }) => trace_id)).toEqual(traceIds);
    expect(headersSeen()).toEqual([undefined, {}]);
  });

  it('sees those that the sending application set itself', async () => {
    const { server, emit, headersSeen } = await start();
    const own = { 'x-request-id': 'by-hand', traceparent: OTHERS };
    await emit(1, own);
    expect(await server.finished(1)).toMatchObject([
      { trace_id: '1'.repeat(32), request_id: 'by-hand' },
    ]);
    expect(headersSeen()).toEqual([own]);
  });

  it('sees the traceparent of another tracer, which has replaced ours', async () => {
    const { server, client, emit, headersSeen } = await start();
    client.change = (headers) => Object.assign(headers, { traceparent: OTHERS, tracestate: 'a=1' });
    await emit(1);
    expect(await server.finished(1)).toMatchObject([
      { trace_id: '1'.repeat(32), parent_span_id: '2'.repeat(16) },
    ]);
    expect(headersSeen()).toEqual([{ traceparent: OTHERS, tracestate: 'a=1' }]);
  });

  it('sees all headers of a service that does not use this package', async () => {
    const { server, client, headersSeen } = await start();
    const content = Buffer.from(JSON.stringify({ pattern: 'order.saved', data: { n: 1 } }));
    const headers = { ...OURS, tenant: 'acme' };
    await client.deliver({ content, properties: { headers }, fields: { redelivered: false } });
    expect(await server.finished(1)).toMatchObject([{ trace_id: TRACE_ID, request_id: 'r-1' }]);
    expect(headersSeen()).toEqual([headers]);
  });

  it('is in the same trace when the message comes again, as a copy or as one object', async () => {
    const { server, client, emit, headersSeen } = await start();
    const traceIds = [await emit(1), await emit(2, { tenant: 'acme' })];
    for (const { content, properties } of client.sent.splice(0)) {
      const again = { content, properties: { ...properties }, fields: { redelivered: true } };
      await client.deliver(again);
      await client.deliver(again);
    }
    const lines = await server.finished(6);
    expect(lines.map(({ trace_id, attempt }) => [trace_id, attempt])).toEqual([
      [traceIds[0], 1],
      [traceIds[1], 1],
      [traceIds[0], 2],
      [traceIds[0], 2],
      [traceIds[1], 2],
      [traceIds[1], 2],
    ]);
    expect(headersSeen().slice(2)).toEqual([
      undefined,
      undefined,
      { tenant: 'acme' },
      { tenant: 'acme' },
    ]);
  });

  it('that sends on what it got, from wherever, sends its own trace', async () => {
    const { client, emit } = await start();
    await emit(1, { tenant: 'acme' });
    const [received] = client.sent.splice(0);
    // As a consumer without this package would have seen it.
    const traceId = await emit(2, received!.properties.headers as Record<string, string>);
    const { headers } = client.sent[0]!.properties;
    expect(headers).toMatchObject({
      tenant: 'acme',
      traceparent: expect.stringContaining(traceId),
      [MARK]: expect.stringMatching(/^[\da-f]{16} traceparent x-request-id x-session-id$/),
    });
  });

  it('keeps 200 interleaved messages apart', async () => {
    const { server, emit } = await start();
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, n) => emit(n, n % 2 ? { tenant: 't' } : undefined)),
    );
    expect(new Set(ids).size).toBe(200);
    await server.finished(200);
    const own = server.sink.lines.filter(({ n }) => n !== undefined);
    expect(own).toHaveLength(400);
    expect(own.filter(({ trace_id, n }) => trace_id !== ids[n as number])).toEqual([]);
    for (const { headers, n } of server.sink.linesOf('saved')) {
      expect(headers).toEqual((n as number) % 2 ? { tenant: 't' } : undefined);
    }
  });
});

/** What a transport delivers: which headers the handler sees, and which trace the message has. */
interface Transported {
  readonly transport: string;
  readonly context: object;
  readonly seen: () => unknown;
}

type Deliver = (headers: Record<string, unknown>) => Transported;

const TRANSPORTS: Readonly<Record<string, Deliver>> = {
  rabbitmq(headers) {
    const context = new RmqContext([{ properties: { headers } }, {}, 'pattern']);
    const seen = () => (context.getMessage()['properties'] as { headers: object }).headers;
    return { transport: 'rabbitmq', context, seen };
  },
  kafka(headers) {
    const context = new KafkaContext([{ headers }] as never);
    return { transport: 'kafka', context, seen: () => context.getMessage().headers };
  },
  nats(headers) {
    const given = natsHeaders();
    for (const [name, value] of Object.entries(headers)) given.append(name, value as string);
    const context = new NatsContext(['subject', given]);
    const seen = () => {
      const left = context.getHeaders() as typeof given | undefined;
      return left && Object.fromEntries(left.keys().map((name) => [name, left.get(name)]));
    };
    return { transport: 'nats', context, seen };
  },
  mqtt(headers) {
    const packet: { properties?: { userProperties?: object } } = {
      properties: { userProperties: headers },
    };
    const context = new MqttContext(['topic', packet as never]);
    return { transport: 'mqtt', context, seen: () => packet.properties?.userProperties };
  },
  tcp(metadata) {
    const context = new TcpContext([{}, 'pattern', metadata] as never);
    return { transport: 'tcp', context, seen: () => context.getArgByIndex(2) as unknown };
  },
  custom(headers) {
    const context = { received: headers, getHeaders: () => context.received };
    return { transport: 'Carrier', context, seen: () => context.received };
  },
};

describe.each(Object.entries(TRANSPORTS))('what a handler sees over %s', (transport, deliver) => {
  const carried = (given?: Record<string, unknown>) => withMarkedHeaders(given, OURS);
  const read = ({ transport: name, context }: Transported, header: string) =>
    carrierText(deliveryOf(name, context as never).read?.(header));

  it('is what was sent, however often it is delivered', () => {
    const delivered = deliver(carried({ tenant: 'acme' }));
    for (let i = 0; i < 2; i++) {
      for (const [name, value] of Object.entries(OURS)) expect(read(delivered, name)).toBe(value);
      expect(read(delivered, 'tenant')).toBe('acme');
      expect(delivered.seen()).toEqual({ tenant: 'acme' });
    }
  });

  it('is nothing where nothing was sent', () => {
    const delivered = deliver(carried());
    expect(read(delivered, 'traceparent')).toBe(OURS.traceparent);
    expect(delivered.seen()).toEqual(transport === 'kafka' ? {} : undefined);
  });

  it('is all that another service sent, and all that the application set', () => {
    for (const headers of [OURS, { ...OURS, [MARK]: 'of another meaning' }]) {
      expect(read(deliver(headers), 'x-request-id')).toBe('r-1');
      const delivered = deliver(headers);
      read(delivered, 'traceparent');
      expect(delivered.seen()).toEqual(headers);
    }
    const delivered = deliver(carried({ 'x-request-id': 'own' }));
    expect(read(delivered, 'x-request-id')).toBe('own');
    expect(delivered.seen()).toEqual({ 'x-request-id': 'own' });
  });

  it('misses nothing that a forged mark lists', () => {
    const headers = { tenant: 'acme', authorization: 'x', [MARK]: '- tenant authorization *' };
    const delivered = deliver(headers);
    read(delivered, 'traceparent');
    expect(delivered.seen()).toEqual({ tenant: 'acme', authorization: 'x' });
  });
});
