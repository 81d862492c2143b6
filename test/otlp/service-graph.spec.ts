import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpCode, Param } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  GrpcMethod,
  MessagePattern,
  RpcException,
  Transport,
  type ClientGrpcProxy,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { OtlpModule } from '../../src/otlp/index.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const PROTO = {
  package: 'payments',
  protoPath: 'test/instrumentation/microservices/payments.proto',
};
const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

interface PaymentService {
  charge(payment: object): Observable<object>;
}

let workerUrl: string;
let tcp: ClientProxy | undefined;
let grpc: PaymentService;

@Controller()
class GatewayController {
  @Get('http/:id')
  async http(@Param('id') id: string): Promise<string> {
    const response = await fetch(`${workerUrl}/${id}?token=secret`);
    await response.text();
    return `${response.status}`;
  }

  @Get('grpc/:user')
  async grpc(@Param('user') user: string): Promise<object> {
    return firstValueFrom(grpc.charge({ user, amount: 1 })).catch(() => ({}));
  }

  @Get('ask')
  async ask(): Promise<unknown> {
    return firstValueFrom(tcp!.send('payment.charge', { amount: 1 }));
  }

  @Get('tell')
  async tell(): Promise<unknown> {
    return firstValueFrom(tcp!.emit('payment.noted', { amount: 1 }), { defaultValue: null });
  }

  /** An event for a handler of requests, and a request for a handler of events. */
  @Get('crossed')
  async crossed(): Promise<unknown> {
    await firstValueFrom(tcp!.emit('payment.charge', {}), { defaultValue: null });
    return firstValueFrom(tcp!.send('payment.noted', {}), { defaultValue: null });
  }
}

@Controller()
class WorkerController {
  @Get(':id')
  @HttpCode(200)
  item(@Param('id') id: string): string {
    if (id === 'broken') throw new Error('broken');
    return id;
  }

  @GrpcMethod('PaymentService', 'Charge')
  charge({ user }: { user: string }): object {
    if (user === 'nobody') throw new RpcException({ code: 5, message: 'no such user' });
    return { user };
  }

  @MessagePattern('payment.charge')
  answer(): string {
    return 'charged';
  }

  @EventPattern('payment.noted')
  first(_data: unknown): void {}

  @EventPattern('payment.noted')
  second(_data: unknown): void {}
}

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  for (const variable of ['BSP', 'BLRP']) process.env[`OTEL_${variable}_SCHEDULE_DELAY`] = '20';
});
afterEach(async () => {
  tcp?.close();
  await receiver.stop();
  for (const variable of ['BSP', 'BLRP']) delete process.env[`OTEL_${variable}_SCHEDULE_DELAY`];
});

const exporting = (name: string) =>
  OtlpModule.forRoot({ url: receiver.url, logs: false, resource: { 'service.name': name } });

async function twoServices(platform: Platform) {
  const worker = await tracedApp(platform)
    .of({ imports: [exporting('worker')], controllers: [WorkerController] })
    .start();
  workerUrl = worker.url;
  let grpcPort = 0;
  const overTcp = worker.app.connectMicroservice(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    { inheritAppConfig: true },
  );
  worker.app.connectMicroservice({
    transport: Transport.GRPC,
    options: {
      ...PROTO,
      url: '127.0.0.1:0',
      onLoadPackageDefinition: (_: unknown, server: { http2Servers: Map<Bound, unknown> }) => {
        grpcPort = [...server.http2Servers.keys()][0]!.address().port;
      },
    },
  });
  await worker.app.startAllMicroservices();
  const { port } = overTcp.unwrap<Bound>().address();
  const gateway = await tracedApp(platform)
    .of({ imports: [exporting('gateway')], controllers: [GatewayController] })
    .start();
  tcp = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  const client = ClientProxyFactory.create({
    transport: Transport.GRPC,
    options: { ...PROTO, url: `127.0.0.1:${grpcPort}` },
  }) as ClientGrpcProxy;
  grpc = client.getService<PaymentService>('PaymentService');
  return { gateway, worker };
}

interface Bound {
  address(): { port: number };
}

/** The edges of a service graph, as Tempo's processor draws them: one for each pair of spans. */
function edgesOf(spans: readonly ReceivedSpan[]): string[] {
  const callers = new Map(
    spans
      .filter(({ kind }) => kind === CLIENT || kind === PRODUCER)
      .map((span) => [`${span.traceId}/${span.spanId}`, span]),
  );
  const edges = spans.flatMap((span) => {
    const caller = callers.get(`${span.traceId}/${span.parentSpanId}`);
    if (caller === undefined || ![SERVER, CONSUMER].includes(span.kind)) return [];
    const isPair = (caller.kind === CLIENT) === (span.kind === SERVER);
    const what = isPair ? (span.kind === SERVER ? 'calls' : 'sends to') : 'does not fit';
    return [`${service(caller)} ${what} ${service(span)}: ${caller.name} -> ${span.name}`];
  });
  return edges.toSorted();
}

const service = ({ resource }: ReceivedSpan): string => String(resource['service.name']);
/** Spans that would be edges to services that are not known, or from them. */
const unpaired = (spans: readonly ReceivedSpan[]): string[] =>
  spans
    .filter((span) => {
      if (span.kind === CLIENT || span.kind === PRODUCER) {
        return !spans.some(({ parentSpanId }) => parentSpanId === span.spanId);
      }
      return span.parentSpanId !== '' && !spans.some(({ spanId }) => spanId === span.parentSpanId);
    })
    .map(({ name }) => name);

describe.each(PLATFORMS)('the service graph of two services on %s', (platform) => {
  it('has one edge for each call, and each has the names of the conventions', async () => {
    const { gateway } = await twoServices(platform);
    const paths = ['http/7', 'http/broken', 'grpc/alice', 'grpc/nobody', 'ask', 'tell', 'crossed'];
    await Promise.all(paths.map((path) => gateway.send(`/${path}`).then((r) => r.text())));
    // A request each; a call and its answer for all but the last, which has two.
    const count = paths.length + 2 * (paths.length + 1);
    await eventually(() => receiver.spans.length >= count, 'all spans');
    await new Promise((resolve) => setTimeout(resolve, 100));

    const { spans } = receiver;
    expect(spans).toHaveLength(count);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(count);
    expect(edgesOf(spans)).toEqual(
      [
        'gateway calls worker: GET -> GET /:id',
        'gateway calls worker: GET -> GET /:id',
        'gateway calls worker: payments.PaymentService/Charge -> PaymentService/Charge',
        'gateway calls worker: payments.PaymentService/Charge -> PaymentService/Charge',
        'gateway calls worker: send payment.charge -> process payment.charge',
        'gateway sends to worker: emit payment.noted -> process payment.noted',
        'gateway sends to worker: emit payment.charge -> process payment.charge',
        'gateway calls worker: send payment.noted -> process payment.noted',
      ].toSorted(),
    );
    expect(unpaired(spans)).toEqual([]);

    const { port } = new URL(workerUrl);
    const server = { 'server.address': '127.0.0.1', 'server.port': Number(port) };
    const attributesOf = (name: string, kind: number) =>
      spans.filter((span) => span.name === name && span.kind === kind).map((s) => s.attributes);
    const http = { 'http.request.method': 'GET', 'url.scheme': 'http', ...server };
    expect(attributesOf('GET', CLIENT)).toEqual(
      expect.arrayContaining([
        {
          ...http,
          'url.path': '/7',
          'url.full': `${workerUrl}/7`,
          'http.response.status_code': 200,
        },
        {
          ...http,
          'url.path': '/broken',
          'url.full': `${workerUrl}/broken`,
          'http.response.status_code': 500,
          'error.type': '500',
        },
      ]),
    );
    expect(attributesOf('GET /:id', SERVER)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...http, 'http.route': '/:id', 'url.path': '/7' }),
        expect.objectContaining({ ...http, 'http.response.status_code': 500, 'error.type': '500' }),
      ]),
    );
    const rpc = { 'rpc.system': 'grpc', 'rpc.system.name': 'grpc', 'rpc.method': 'Charge' };
    expect(attributesOf('payments.PaymentService/Charge', CLIENT)).toEqual(
      expect.arrayContaining([
        { ...rpc, 'rpc.service': 'payments.PaymentService', 'rpc.grpc.status_code': 0 },
        expect.objectContaining({ ...rpc, 'rpc.grpc.status_code': 5, 'error.type': '5' }),
      ]),
    );
    expect(
      attributesOf('PaymentService/Charge', SERVER).map((all) => all['rpc.grpc.status_code']),
    ).toEqual(expect.arrayContaining([0, 5]));
    for (const all of attributesOf('PaymentService/Charge', SERVER)) {
      expect(all).toMatchObject({ ...rpc, 'rpc.service': 'PaymentService' });
      expect(Object.keys(all).filter((name) => name.startsWith('messaging.'))).toEqual([]);
    }
    const message = { 'messaging.system': 'tcp', 'messaging.destination.name': 'payment.noted' };
    expect(attributesOf('emit payment.noted', PRODUCER)).toEqual([
      {
        ...message,
        'messaging.operation.name': 'emit',
        'messaging.operation.type': 'send',
      },
    ]);
    expect(attributesOf('process payment.noted', CONSUMER)).toEqual([
      expect.objectContaining({
        ...message,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
      }),
    ]);
  });
});
