import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Metadata } from '@grpc/grpc-js';
import {
  ClientsModule,
  Transport,
  type ClientGrpc,
  type ClientOptions,
} from '@nestjs/microservices';
import {
  concat,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  NEVER,
  take,
  tap,
  timeout,
  toArray,
  type Observable,
} from 'rxjs';
import { eventually, type Line } from '../../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import { clientApp, type ClientApp } from './client-app.js';
import type { Receipt } from './grpc.controller.js';
import type { Payment } from './payments.controller.js';

type Call<T> = (request: T, ...rest: unknown[]) => Observable<Receipt>;

interface PaymentService {
  readonly charge: Call<Payment>;
  readonly watch: Call<Payment>;
  readonly chargeAll: Call<Observable<Payment>>;
  readonly exchange: Call<Observable<Payment>>;
  readonly relay: Call<Observable<Payment>>;
  readonly collect: Call<Observable<Payment>>;
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const options = {
  package: 'payments',
  protoPath: 'test/instrumentation/microservices/payments.proto',
};

let server: ServiceProcess;
let client: ClientApp;
let payments: PaymentService;

beforeAll(async () => {
  server = await ServiceProcess.start('test/instrumentation/microservices/grpc.process.ts', {
    PAYMENTS: JSON.stringify({
      transport: Transport.GRPC,
      options: { ...options, url: '127.0.0.1:0' },
    }),
  });
  client = await clientApp({
    imports: [ClientsModule.register([{ name: 'PAYMENTS', ...clientOptions() }])],
  });
  payments = client.app.get<ClientGrpc>('PAYMENTS').getService<PaymentService>('PaymentService');
}, 30_000);

function clientOptions(): ClientOptions {
  const url = `127.0.0.1:${String(server.ready['port'])}`;
  return { transport: Transport.GRPC, options: { ...options, url } };
}

/** Runs a function in a new trace, and returns the id of the trace with the result. */
async function traced<T>(fn: () => Promise<T>): Promise<{ traceId: string; result: T }> {
  return client.trace.run(undefined, async () => {
    const traceId = client.trace.traceId!;
    return { traceId, result: await fn() };
  });
}

/** The access log lines that the server wrote for a trace, once there are that many. */
async function finished(traceId: string, count = 1): Promise<Line[]> {
  const found = (): Line[] =>
    server.lines.filter((line) => line.trace_id === traceId && line.message === 'Message finished');
  await eventually(() => found().length >= count, `an access log line of ${traceId}`);
  await sleep(10);
  return found();
}

function untilWhole(...traceIds: readonly string[]): Promise<void> {
  return untilTrees(() => [...client.sink.lines, ...client.spans, ...server.lines], ...traceIds);
}

function spansOf(traceId: string): Line[] {
  return client.spans.filter((line) => line.trace_id === traceId);
}

const pay = (...users: string[]): Observable<Payment> =>
  from(users.map((user) => ({ user, amount: 1 })));

describe('gRPC', () => {
  it('carries the trace of a unary call', async () => {
    const seed = { traceId: TRACE_ID, requestId: 'req-001', sessionId: 'session-1' };
    const receipt = await client.trace.run(seed, () =>
      firstValueFrom(payments.charge({ user: 'alice', amount: 1 })),
    );
    expect(receipt).toEqual({ user: 'alice', traceId: TRACE_ID });
    const [line, ...more] = await finished(TRACE_ID);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      request_id: 'req-001',
      session_id: 'session-1',
      transport: 'grpc',
      pattern: 'PaymentService/Charge',
      handler: 'GrpcController.charge',
      outcome: 'completed',
    });
    expect(line).not.toHaveProperty('attempt');
    const [charged] = await server.linesOf('charged alice', 1);
    expect(charged!.trace_id).toBe(TRACE_ID);
    expect(spansOf(TRACE_ID)).toMatchObject([
      {
        span_id: line!['parent_span_id'],
        name: 'payments.PaymentService/Charge',
        kind: 'client',
        'rpc.system': 'grpc',
        'rpc.service': 'payments.PaymentService',
        'rpc.method': 'Charge',
      },
    ]);
    await untilWhole(TRACE_ID);
  });

  it.each<[string, string, () => Observable<Receipt>, string, string[]]>([
    [
      'a stream of answers',
      'Watch',
      () => payments.watch({ user: 'w', amount: 1 }).pipe(take(2)),
      'aborted',
      ['watched w', 'watched w'],
    ],
    [
      'a stream of requests',
      'ChargeAll',
      () => payments.chargeAll(pay('a', 'b')),
      'completed',
      ['took a', 'took b', 'charged a'],
    ],
    [
      'both',
      'Exchange',
      () => payments.exchange(pay('a', 'b')),
      'completed',
      ['exchanged a', 'exchanged b'],
    ],
    [
      'both, by the call itself',
      'Relay',
      () => payments.relay(pay('a', 'b')),
      'completed',
      ['relayed a', 'relayed b'],
    ],
    [
      'requests, by the call itself',
      'Collect',
      () => payments.collect(pay('a', 'b')),
      'completed',
      ['collected a', 'collected b'],
    ],
  ])('carries the trace of %s', async (_kind, method, call, outcome, messages) => {
    const { traceId, result } = await traced(() =>
      lastValueFrom(
        call().pipe(
          tap(({ user }) => client.logger.log(`got ${user}`)),
          toArray(),
        ),
      ),
    );
    expect(result.map((receipt) => receipt.traceId)).toEqual(result.map(() => traceId));
    const [line, ...more] = await finished(traceId);
    expect(more).toEqual([]);
    expect(line).toMatchObject({ pattern: `PaymentService/${method}`, outcome });
    const written = server.lines.filter(
      (one) => one.trace_id === traceId && one.message !== 'Message finished',
    );
    expect(written.map(({ message }) => message).slice(0, messages.length)).toEqual(messages);
    const got = client.sink.lines.filter(({ message }) => message.startsWith('got '));
    expect(got.slice(-result.length).map((one) => one.trace_id)).toEqual(result.map(() => traceId));
    expect(spansOf(traceId)).toMatchObject([
      { name: `payments.PaymentService/${method}`, failed: false },
    ]);
    await untilWhole(traceId);
  });

  it('measures to its end a call that the handler reads and writes itself', async () => {
    const slow = concat(pay('slow'), from(sleep(60, { user: 'later', amount: 1 })));
    const { traceId } = await traced(() => lastValueFrom(payments.relay(slow)));
    const [line] = await finished(traceId);
    expect(line!['duration_ms']).toBeGreaterThan(40);
  });

  it('makes each subscription a call with a span of its own', async () => {
    const { traceId } = await traced(async () => {
      const charge = payments.charge({ user: 'twice', amount: 1 });
      await sleep(2);
      return Promise.all([firstValueFrom(charge), firstValueFrom(charge)]);
    });
    const lines = await finished(traceId, 2);
    expect(new Set(lines.map((line) => line['parent_span_id'])).size).toBe(2);
    await untilWhole(traceId);
  });

  it('ends a call that throws with an error', async () => {
    const { traceId } = await traced(() =>
      firstValueFrom(payments.charge({ user: 'carol', amount: -1 })).catch(() => 'refused'),
    );
    expect(await finished(traceId)).toMatchObject([{ level: 'error', outcome: 'errored' }]);
    expect(spansOf(traceId)).toMatchObject([{ failed: true }]);
  });

  it('ends a call that a guard refuses with an error', async () => {
    const { traceId } = await traced(() =>
      firstValueFrom(payments.charge({ user: 'mallory', amount: 1 })).catch(() => 'refused'),
    );
    expect(await finished(traceId)).toMatchObject([
      { outcome: 'errored', handler: 'GrpcController.charge' },
    ]);
  });

  it.each<[string, () => Observable<Receipt>]>([
    ['writes', () => payments.relay(from([{ user: 'x', amount: -1 }]))],
    ['answers', () => payments.collect(from([]))],
  ])('ends a call with the error that the handler %s, once', async (_how, call) => {
    const { traceId } = await traced(() => lastValueFrom(call()).catch(() => 'refused'));
    const [line, ...more] = await finished(traceId);
    expect(more).toEqual([]);
    expect(line).toMatchObject({ outcome: 'errored' });
  });

  it.each<[string, () => Observable<Receipt>]>([
    ['one answer', () => payments.charge({ user: 'late', amount: 300 })],
    ['a stream of requests', () => payments.chargeAll(concat(pay('x'), NEVER))],
    ['a stream both ways', () => payments.relay(concat(pay('x'), NEVER)).pipe(map((r) => r))],
    ['a collected stream', () => payments.collect(concat(pay('x'), NEVER))],
  ])('is aborted by a client that leaves: %s', async (_kind, call) => {
    const { traceId } = await traced(() =>
      lastValueFrom(call().pipe(timeout({ each: 60 }))).catch(() => 'gone'),
    );
    const [line, ...more] = await finished(traceId);
    expect(more).toEqual([]);
    expect(line).toMatchObject({ level: 'info', outcome: 'aborted' });
    await sleep(20);
    expect(spansOf(traceId)).toHaveLength(1);
  });

  it('keeps 200 interleaved calls of every kind apart', async () => {
    const calls = [
      (user: string) => payments.charge({ user, amount: 7 }),
      (user: string) => payments.chargeAll(pay(user, user)),
      (user: string) => payments.exchange(pay(user, user)),
      (user: string) => payments.relay(pay(user, user)),
      (user: string) => payments.collect(pay(user, user)),
    ];
    const all = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await sleep(i % 17);
        const user = `user-${i}`;
        const { traceId, result } = await traced(() =>
          lastValueFrom(
            calls[i % calls.length]!(user).pipe(tap(() => client.logger.log(`got ${user}`))),
          ),
        );
        return { user, traceId, result };
      }),
    );
    expect(all.filter(({ traceId, result }) => result.traceId !== traceId)).toEqual([]);
    const traceIds = new Map(all.map(({ user, traceId }) => [user, traceId]));
    expect(new Set(traceIds.values()).size).toBe(200);
    await eventually(() => all.every(({ traceId }) => has(server.lines, traceId)), 'all finished');
    const lines = [...server.lines, ...client.sink.lines].filter(({ message }) =>
      / user-\d+$/.test(message),
    );
    expect(lines.length).toBeGreaterThan(600);
    const wrong = lines.filter(
      ({ message, trace_id }) => traceIds.get(message.split(' ').at(-1)!) !== trace_id,
    );
    expect(wrong).toEqual([]);
    await untilWhole(...all.map(({ traceId }) => traceId));
  });

  describe('with metadata from the caller', () => {
    const given = (): Metadata => {
      const metadata = new Metadata();
      metadata.set('tenant', 'acme');
      return metadata;
    };

    it('does not change the metadata object', async () => {
      const metadata = given();
      const { traceId, result } = await traced(() =>
        firstValueFrom(payments.charge({ user: 'm', amount: 1 }, metadata)),
      );
      expect(result.traceId).toBe(traceId);
      expect(metadata.getMap()).toEqual({ tenant: 'acme' });
    });

    it.each<[string, () => unknown[]]>([
      ['nothing', () => [undefined]],
      ['options', () => [{ deadline: Date.now() + 5000 }]],
      ['metadata and options', () => [given(), { deadline: Date.now() + 5000 }]],
    ])('carries the trace with %s', async (_what, rest) => {
      for (const call of [
        () => payments.charge({ user: 'm', amount: 1 }, ...rest()),
        () => payments.watch({ user: 'm', amount: 1 }, ...rest()),
        () => payments.chargeAll(pay('m'), ...rest()),
        () => payments.exchange(pay('m'), ...rest()),
      ]) {
        const { traceId, result } = await traced(() => firstValueFrom(call()));
        expect(result.traceId).toBe(traceId);
      }
    });

    it('gives the handler the metadata that was sent, with what the caller set itself', async () => {
      const metadata = given();
      metadata.set('x-request-id', 'by-hand');
      await traced(() => firstValueFrom(payments.charge({ user: 'seen', amount: 1 }, metadata)));
      await traced(() => firstValueFrom(payments.relay(pay('seen'), given())));
      for (const [message, own] of [
        ['charging seen', { tenant: 'acme', 'x-request-id': 'by-hand' }],
        ['relayed seen', { tenant: 'acme' }],
      ] as const) {
        const [line] = await server.linesOf(message, 1);
        const { 'user-agent': _agent, ...seen } = line!['metadata'] as Record<string, string>;
        expect(seen).toEqual(own);
      }
    });

    it('has the span id of a traceparent that the caller made', async () => {
      let sent: string | undefined;
      const { traceId } = await traced(() => {
        const metadata = given();
        const headers = client.trace.headers();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        sent = headers.traceparent;
        return firstValueFrom(payments.charge({ user: 'hand', amount: 1 }, metadata));
      });
      const [line] = await finished(traceId);
      expect(sent?.split('-')[2]).toBe(line?.['parent_span_id']);
      expect(spansOf(traceId)).toMatchObject([{ span_id: line?.['parent_span_id'] }]);
      await untilWhole(traceId);
    });

    it('is sent without the trace when an id is not valid in metadata', async () => {
      const { app, trace } = await clientApp(
        { imports: [ClientsModule.register([{ name: 'OWN', ...clientOptions() }])] },
        { session: { generate: () => 'line\nbreak' } },
      );
      const own = app.get<ClientGrpc>('OWN').getService<PaymentService>('PaymentService');
      const receipt = await trace.run({ traceId: TRACE_ID }, () =>
        firstValueFrom(own.charge({ user: 'own', amount: 1 })),
      );
      expect(receipt.user).toBe('own');
    });

    it('does not replace a traceparent', async () => {
      const metadata = given();
      metadata.set('traceparent', `00-${TRACE_ID}-b7ad6b7169203331-01`);
      const { result } = await traced(() =>
        firstValueFrom(payments.charge({ user: 'own', amount: 1 }, metadata)),
      );
      expect(result.traceId).toBe(TRACE_ID);
    });

    it.each<[string, (metadata: Metadata) => void]>([
      [
        'a traceparent twice',
        (metadata) => {
          metadata.add('traceparent', `00-${TRACE_ID}-b7ad6b7169203331-01`);
          metadata.add('traceparent', `00-${TRACE_ID}-b7ad6b7169203332-01`);
        },
      ],
      ['no hex', (metadata) => metadata.set('traceparent', 'x'.repeat(2000))],
      [
        'ids of illegal characters',
        (metadata) => {
          metadata.set('x-request-id', 'a b');
          metadata.set('x-session-id', '<script>');
        },
      ],
    ])('begins a new trace for %s', async (_what, spoil) => {
      const metadata = given();
      spoil(metadata);
      const { traceId } = await firstValueFrom(
        payments.charge({ user: 'bad', amount: 1 }, metadata),
      );
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(traceId).not.toBe(TRACE_ID);
      const [line] = await finished(traceId);
      expect(line).toMatchObject({ outcome: 'completed' });
      expect(line!.request_id).not.toBe('a b');
      expect(line!.session_id).not.toBe('<script>');
    });
  });

  it('has no warnings', () => {
    // The gRPC client sometimes sets a timeout of -1, and Node 24 warns about that.
    const ofGrpc = /^\(node:\d+\) TimeoutNegativeWarning: [^]*?was created\)$/gm;
    const warnings = server.stderr.replace(ofGrpc, '');
    expect(warnings).toBe('');
  });
});

function has(lines: readonly Line[], traceId: string): boolean {
  return lines.some((line) => line.trace_id === traceId && line.message === 'Message finished');
}
