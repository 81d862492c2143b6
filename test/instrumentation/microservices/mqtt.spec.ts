import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import {
  ClientMqtt,
  ClientsModule,
  Ctx,
  EventPattern,
  MessagePattern,
  MqttContext,
  MqttRecordBuilder,
  Payload,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import type { IClientPublishOptions } from 'mqtt';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { TraceContext, TracingLogger } from '../../../src/index.js';
import { clientApp, type ClientApp } from './client-app.js';
import { MqttBroker } from './mqtt-broker.js';
import { serverApp, type ServerApp } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

interface Echo {
  readonly traceId: string;
  readonly data: unknown;
  readonly userProperties?: Record<string, unknown>;
}

@Controller()
class EchoController {
  constructor(
    private readonly trace: TraceContext,
    private readonly logger: TracingLogger,
  ) {}

  @MessagePattern('echo')
  echo(@Payload() data: unknown, @Ctx() context: MqttContext): Echo {
    const packet = context.getPacket() as { properties?: { userProperties?: object } };
    const userProperties = { ...packet.properties?.userProperties };
    return { traceId: this.trace.traceId!, data, userProperties };
  }

  @EventPattern('note')
  note(_data: unknown): void {
    this.logger.log('noted');
  }
}

let broker: MqttBroker;
const servers = new Map<number, ServerApp>();
const clients = new Map<number, ClientProxy>();
let client: ClientApp;

beforeAll(async () => {
  broker = await MqttBroker.start();
  const optionsOf = (protocolVersion: 4 | 5) => ({
    transport: Transport.MQTT as const,
    options: { url: broker.url, protocolVersion },
  });
  client = await clientApp({
    imports: [
      ClientsModule.register([
        { name: 'MQTT4', ...optionsOf(4) },
        { name: 'MQTT5', ...optionsOf(5) },
      ]),
    ],
  });
  for (const version of [4, 5] as const) {
    clients.set(version, client.app.get<ClientProxy>(`MQTT${version}`));
  }
});

beforeEach(() => {
  broker.published.length = 0;
});

afterAll(() => broker.stop());

function inTrace<T>(fn: () => T): T {
  return client.trace.run({ traceId: TRACE_ID }, fn);
}

describe.each([4, 5] as const)('a server of MQTT %d', (serverVersion) => {
  let server: ServerApp;

  beforeAll(async () => {
    server = await serverApp(
      { controllers: [EchoController] },
      {
        transport: Transport.MQTT,
        options: { url: broker.url, protocolVersion: serverVersion },
      },
    );
    servers.set(serverVersion, server);
    await server.app.listen();
  });

  afterAll(() => server.app.close());
  beforeEach(() => server.sink.clear());

  it('reads the trace from the packet of MQTT 3.1.1', async () => {
    const proxy = clients.get(4)!;
    const { traceId, data } = await inTrace(() =>
      firstValueFrom(proxy.send<Echo>('echo', { n: 1 })),
    );
    expect({ traceId, data }).toEqual({ traceId: TRACE_ID, data: { n: 1 } });
    await inTrace(() => lastValueFrom(proxy.emit('note', {}), { defaultValue: undefined }));
    expect(await server.finished(2)).toMatchObject([
      { trace_id: TRACE_ID, transport: 'mqtt', pattern: 'echo' },
      { trace_id: TRACE_ID, transport: 'mqtt', pattern: 'note' },
    ]);
    const [request] = broker.published;
    expect(JSON.parse(String(request!.payload))).toMatchObject({
      pattern: 'echo',
      metadata: { traceparent: expect.stringContaining(TRACE_ID) },
    });
  });
});

describe('MQTT 5', () => {
  let server: ServerApp;
  let proxy: ClientProxy;

  beforeAll(async () => {
    proxy = clients.get(5)!;
    server = await serverApp(
      { controllers: [EchoController] },
      { transport: Transport.MQTT, options: { url: broker.url, protocolVersion: 5 } },
    );
    await server.app.listen();
  });

  beforeEach(() => server.sink.clear());

  it('carries the trace in user properties, and does not change the packet', async () => {
    const { traceId, userProperties } = await inTrace(() =>
      firstValueFrom(proxy.send<Echo>('echo', { n: 1 })),
    );
    expect(traceId).toBe(TRACE_ID);
    expect(userProperties).toEqual({});
    expect(broker.published[0]!.properties?.userProperties).toMatchObject({
      traceparent: expect.stringContaining(TRACE_ID),
      'x-request-id': expect.any(String),
      'x-session-id': expect.any(String),
    });
    await inTrace(() => lastValueFrom(proxy.emit('note', {}), { defaultValue: undefined }));
    expect(await server.finished(2)).toMatchObject([
      { trace_id: TRACE_ID, pattern: 'echo' },
      { trace_id: TRACE_ID, pattern: 'note' },
    ]);
    const packets = broker.published
      .filter(({ topic }) => topic === 'echo' || topic === 'note')
      .map(({ payload }) => JSON.parse(String(payload)) as object);
    for (const packet of packets) expect(packet).not.toHaveProperty('metadata');
  });

  it('adds to the properties of a record, and does not change the record', async () => {
    const properties = { userProperties: { tenant: 'acme' } };
    const record = new MqttRecordBuilder({ n: 2 }).setProperties(properties).setQoS(0).build();
    const { traceId, data, userProperties } = await inTrace(() =>
      firstValueFrom(proxy.send<Echo>('echo', record)),
    );
    expect({ traceId, data }).toEqual({ traceId: TRACE_ID, data: { n: 2 } });
    expect(userProperties).toMatchObject({ tenant: 'acme' });
    expect(properties).toEqual({ userProperties: { tenant: 'acme' } });
  });

  it('does not replace a traceparent of the record', async () => {
    const other = '1'.repeat(32);
    const traceparent = `00-${other}-b7ad6b7169203331-01`;
    const record = new MqttRecordBuilder({})
      .setProperties({ userProperties: { traceparent } })
      .build();
    const { traceId } = await inTrace(() => firstValueFrom(proxy.send<Echo>('echo', record)));
    expect(traceId).toBe(other);
  });

  it('carries the trace of each of 50 first requests, whenever the broker acknowledges them', async () => {
    const echoes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const traceId = String(i).padStart(32, 'c');
        return client.trace.run({ traceId }, async () => {
          const echo = await firstValueFrom(proxy.send<Echo>('echo', { i }));
          return echo.traceId === traceId;
        });
      }),
    );
    expect(echoes).toEqual(Array(50).fill(true));
  });

  it('carries the trace of a request that is published in the context of the connection', async () => {
    const outside = AsyncLocalStorage.snapshot();
    const options: IClientPublishOptions[] = [];
    const waiting = new ClientMqtt({ protocolVersion: 5 });
    Object.assign(waiting, {
      connect: () => Promise.resolve(),
      // Older versions of mqtt.js do this.
      mqttClient: {
        subscribe: (_topic: string, subscribed: () => void) => outside(subscribed),
        publish: (_topic: string, _message: string, how: IClientPublishOptions) =>
          options.push(how),
      },
    });
    await inTrace(async () => {
      (waiting as unknown as ClientProxy).send('echo', {}).subscribe();
      await new Promise(setImmediate);
    });
    expect(options[0]?.properties?.userProperties).toMatchObject({
      traceparent: expect.stringContaining(TRACE_ID),
    });
  });

  it('sends no properties outside a context', async () => {
    const { userProperties } = await firstValueFrom(proxy.send<Echo>('echo', {}));
    expect(userProperties).toEqual({});
  });
});
