import { beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import {
  ClientKafka,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type KafkaContext,
  type ServerKafka,
} from '@nestjs/microservices';
import type { EachMessagePayload, IHeaders, KafkaMessage, Message, ProducerRecord } from 'kafkajs';
import { lastValueFrom } from 'rxjs';
import { TraceContext, TraceId, TracingLogger } from '../../../src/index.js';
import { clientApp, type ClientApp } from './client-app.js';
import { serverApp, type ServerApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

@Controller()
class TopicController {
  constructor(
    private readonly trace: TraceContext,
    private readonly logger: TracingLogger,
  ) {}

  @EventPattern('payments')
  async paid(@Payload() data: unknown, @Ctx() context: unknown): Promise<void> {
    await Promise.resolve();
    const { headers } = (context as KafkaContext).getMessage();
    this.logger.log('paid', { data, names: Object.keys(headers!) });
  }

  @EventPattern('refused')
  refused(_data: unknown): void {
    throw new Error('refused');
  }

  @EventPattern<RegExp>(/^audit\./)
  audited(): void {
    this.logger.log('audited');
  }

  @MessagePattern('ask')
  ask(@TraceId() traceId: string): object {
    return { traceId, own: this.trace.traceId };
  }
}

let server: ServerApp;
let kafka: ServerKafka;
let client: ClientApp;
let proxy: ClientKafka;
let sent: ProducerRecord[];

beforeEach(async () => {
  sent = [];
  const producer = {
    send: (record: ProducerRecord) => Promise.resolve(void sent.push(record)),
    disconnect: () => Promise.resolve(),
  };
  if (server === undefined) {
    client = await clientApp({});
    server = await serverApp(
      { controllers: [TopicController] },
      { transport: Transport.KAFKA, options: {} },
    );
    await server.app.init();
    kafka = (server.app as unknown as { readonly serverInstance: ServerKafka }).serverInstance;
  }
  proxy = new ClientKafka({});
  // The parts of a connection that a message uses.
  Object.assign(proxy, {
    connect: () => Promise.resolve(),
    _producer: producer,
    consumerAssignments: { 'ask.reply': 0 },
  });
  Object.assign(kafka, { producer });
  server.sink.clear();
});

function inTrace<T>(fn: () => T): T {
  return client.trace.run({ traceId: TRACE_ID }, fn);
}

function emit(topic: string, data: unknown): Promise<unknown> {
  return inTrace(() => lastValueFrom((proxy as unknown as ClientProxy).emit(topic, data)));
}

/** A message as a consumer of kafkajs gets it: bytes. */
function payload(topic: string, { key, value, headers }: Message): EachMessagePayload {
  const bytes = (data: unknown): Buffer => Buffer.from(String(data));
  const message: KafkaMessage = {
    key: key === undefined || key === null ? null : bytes(key),
    value: value === null ? null : bytes(value),
    timestamp: '0',
    attributes: 0,
    offset: '0',
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, header]) => [name, bytes(header)]),
    ),
  };
  return { topic, partition: 0, message, heartbeat: async () => {}, pause: () => () => {} };
}

function deliver(topic: string, headers: IHeaders): Promise<unknown> {
  const delivery = payload(topic, { value: '{}' });
  delivery.message.headers = headers;
  return kafka.handleMessage(delivery);
}

describe('Kafka', () => {
  it('carries the trace of an event in its headers', async () => {
    await emit('payments', { amount: 1 });
    const [{ messages }] = sent as [ProducerRecord];
    expect(messages[0]).toEqual({
      value: '{"amount":1}',
      headers: {
        'nestjs-tracing': expect.stringMatching(/^[0-9a-f]{16} traceparent x-request-id x-session/),
        traceparent: expect.stringMatching(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-0[0-3]$`)),
        'x-request-id': expect.any(String),
        'x-session-id': expect.any(String),
      },
    });
    await kafka.handleMessage(payload('payments', messages[0]!));
    const [line, ...more] = await server.finished(1);
    expect(more).toEqual([]);
    const span = client.spans.at(-1);
    expect(span).toMatchObject({
      name: 'emit payments',
      kind: 'producer',
      'messaging.system': 'kafka',
      'messaging.destination.name': 'payments',
    });
    expect(line).toMatchObject({
      trace_id: TRACE_ID,
      parent_span_id: span!.span_id,
      transport: 'kafka',
      pattern: 'payments',
      handler: 'TopicController.paid',
      outcome: 'completed',
    });
    expect(line).not.toHaveProperty('attempt');
    expect(server.sink.linesOf('paid')).toMatchObject([
      { trace_id: TRACE_ID, data: { amount: 1 } },
    ]);
  });

  it('adds to the headers of a message, and keeps those that it has', async () => {
    const headers = Object.freeze({ tenant: 'acme' });
    const message = { key: 'k', value: 'v', headers };
    await emit('payments', message);
    expect(sent[0]!.messages[0]).toMatchObject({
      key: 'k',
      headers: { tenant: 'acme', traceparent: expect.any(String) },
    });
    expect(message.headers).toBe(headers);
  });

  it('does not replace a traceparent', async () => {
    const traceparent = `00-${'1'.repeat(32)}-b7ad6b7169203331-01`;
    await emit('payments', { value: 'x', headers: { traceparent } });
    expect(sent[0]!.messages[0]!.headers).toMatchObject({ traceparent });
  });

  it('has the span id of a traceparent that the sender made', async () => {
    await inTrace(() => {
      const headers = client.trace.headers();
      return lastValueFrom(
        (proxy as unknown as ClientProxy).emit('payments', { value: 'x', headers }),
      );
    });
    const { traceparent } = sent[0]!.messages[0]!.headers!;
    expect(String(traceparent).split('-')[2]).toBe(client.spans.at(-1)!.span_id);
  });

  it('carries the trace of a batch in all its messages, which are one span', async () => {
    const count = client.spans.length;
    const messages = [{ value: 'a' }, { value: 'b' }];
    await inTrace(() => lastValueFrom(proxy.emitBatch('payments', { messages })));
    const carried = sent[0]!.messages.map(({ headers }) => headers!['traceparent']);
    expect(new Set(carried).size).toBe(1);
    expect(client.spans.slice(count)).toMatchObject([{ name: 'emit payments' }]);
    expect(String(carried[0]).split('-')[2]).toBe(client.spans.at(-1)!.span_id);
  });

  it('carries the trace of a request with the headers of NestJS', async () => {
    const answer = inTrace(() =>
      lastValueFrom((proxy as unknown as ClientProxy).send<object>('ask', {})),
    );
    await new Promise(setImmediate);
    const [{ messages }] = sent as [ProducerRecord];
    expect(messages[0]!.headers).toMatchObject({
      traceparent: expect.stringContaining(TRACE_ID),
      kafka_replyTopic: 'ask.reply',
    });
    await kafka.handleMessage(payload('ask', messages[0]!));
    await new Promise(setImmediate);
    const reply = sent[1]!;
    await proxy.createResponseCallback()(payload(reply.topic, reply.messages[0]!));
    expect(await answer).toEqual({ traceId: TRACE_ID, own: TRACE_ID });
    expect(await server.finished(1)).toMatchObject([{ trace_id: TRACE_ID, pattern: 'ask' }]);
  });

  it('writes one access log line for an event that throws, and leaves the retry to Kafka', async () => {
    await expect(deliver('refused', {})).rejects.toBeDefined();
    const lines = await server.finished(1);
    expect(lines).toMatchObject([{ level: 'error', outcome: 'errored', pattern: 'refused' }]);
  });

  it('names a pattern that is an expression', async () => {
    await deliver('audit.login', {});
    expect(await server.finished(1)).toMatchObject([{ pattern: '/^audit\\./' }]);
  });

  it.each<[string, IHeaders]>([
    ['a list of two', { traceparent: [Buffer.from('a'), Buffer.from('b')] }],
    ['no text', { traceparent: Buffer.from([0, 255, 254]), 'x-request-id': Buffer.from([0]) }],
    ['100 kB', { traceparent: Buffer.alloc(100_000, 'a'), 'x-request-id': 'b'.repeat(100_000) }],
    ['an object', { traceparent: Buffer.from('{"a":1}'), 'x-session-id': Buffer.from('["a b"]') }],
    ['control characters', { 'x-request-id': Buffer.from('a\r\nb'), 'x-session-id': '\u001b' }],
  ])('ignores headers of %s', async (_what, headers) => {
    await deliver('payments', headers);
    const [line] = await server.finished(1);
    expect(line).toMatchObject({ outcome: 'completed' });
    expect(line!.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(line!.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(line!.session_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('keeps 200 interleaved events apart', async () => {
    const traceIds = Array.from({ length: 200 }, (_, i) => String(i).padStart(32, 'd'));
    await Promise.all(
      traceIds.map((traceId, i) =>
        client.trace.run({ traceId }, () =>
          lastValueFrom((proxy as unknown as ClientProxy).emit('payments', { i })),
        ),
      ),
    );
    await Promise.all(
      sent.map(({ topic, messages }) => kafka.handleMessage(payload(topic, messages[0]!))),
    );
    await server.finished(200);
    const paid = server.sink.linesOf('paid');
    const wrong = paid.filter(
      ({ data, trace_id }) => traceIds[(data as { i: number }).i] !== trace_id,
    );
    expect(paid).toHaveLength(200);
    expect(wrong).toEqual([]);
  });
});
