import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from '../../src/context/unit-of-work.js';
import { TraceContext } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { OtlpModule } from '../../src/otlp/index.js';
import { eventually } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const CONSUMER = 5;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const HEADERS = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` };

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '20';
});
afterEach(async () => {
  await receiver.stop();
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
});

describe.each(PLATFORMS)('what was consumed by hand, on %s', (platform) => {
  async function start() {
    const { app, send } = await tracedApp(platform)
      .of({
        imports: [
          TracingMetricsModule.forRoot({ registry: new Registry() }),
          OtlpModule.forRoot({ url: receiver.url, logs: false }),
        ],
      })
      .start();
    const spans = async (count: number) => {
      await eventually(() => receiver.spans.length >= count, `${count} spans`);
      return receiver.spans;
    };
    /** The lines of a metric, without the time that something took. */
    const samples = async (name: string): Promise<string[]> => {
      const text = await (await send('/metrics')).text();
      return text.split('\n').filter((line) => line.startsWith(name));
    };
    const run = app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
    return { trace: app.get(TraceContext), run, spans, samples };
  }

  it('is a message or a job in the export, with the span of its sender as the parent', async () => {
    const { trace, spans } = await start();
    trace.consume(HEADERS, { transport: 'kafka', pattern: 'orders' }, () => {});
    trace.consume(HEADERS, { transport: 'redis', queue: 'mail', job: 'welcome' }, () => {});
    await expect(
      trace.consume(HEADERS, { transport: 'rabbitmq', pattern: 'refused' }, () =>
        Promise.reject(new RangeError('refused')),
      ),
    ).rejects.toThrow('refused');
    const shown = (await spans(3)).map(({ name, kind, traceId, parentSpanId, status }) => ({
      ...{ name, kind, traceId, parentSpanId, status: status.code },
    }));
    const common = { kind: CONSUMER, traceId: TRACE_ID, parentSpanId: PARENT_ID };
    expect(shown).toEqual([
      { ...common, name: 'process orders', status: 0 },
      { ...common, name: 'process mail', status: 0 },
      { ...common, name: 'process refused', status: 2 },
    ]);
    const process = {
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
    };
    expect(receiver.spans.map(({ attributes }) => attributes)).toMatchObject([
      { ...process, 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
      { ...process, 'messaging.system': 'redis', 'messaging.destination.name': 'mail' },
      {
        ...process,
        'messaging.system': 'rabbitmq',
        'messaging.destination.name': 'refused',
        'error.type': 'errored',
      },
    ]);
  });

  it('is exported as a message that a transport of NestJS has brought', async () => {
    const { trace, run, spans } = await start();
    const fields = { pattern: 'orders', attempt: 2 };
    const read = (name: string): unknown => (HEADERS as Record<string, string>)[name];
    trace.consume(HEADERS, { transport: 'kafka', ...fields, handler: 'Orders.on' }, () => {});
    const handler = 'Orders.on';
    run({ kind: 'message', transport: 'kafka', read, handler, fields }, () => {});
    const [consumed, received] = (await spans(2)).map(({ attributes, ...span }) => ({
      ...{ name: span.name, kind: span.kind, traceId: span.traceId, status: span.status },
      parentSpanId: span.parentSpanId,
      // Each has its own ids and durations.
      attributes: Object.entries(attributes).map(([name, value]) =>
        /[._](?:id|ms)$|duration/.test(name) ? [name] : [name, value],
      ),
    }));
    expect(consumed).toEqual(received);
    expect(consumed).toMatchObject({ name: 'process orders', kind: CONSUMER });
    expect(consumed!.attributes).toContainEqual(['messaging.system', 'kafka']);
  });

  it('is counted in the metrics of messages, also while it is processed', async () => {
    const { trace, samples } = await start();
    let end = (): void => {};
    const done = trace.consume(HEADERS, { transport: 'kafka', pattern: 'orders' }, () => {
      return new Promise<void>((resolve) => (end = resolve));
    });
    const active = (value: number) => [
      `messaging_active_messages{messaging_system="kafka"} ${value}`,
    ];
    expect(await samples('messaging_active_messages{')).toEqual(active(1));
    end();
    await done;
    trace.consume(HEADERS, { transport: 'redis', queue: 'mail', job: 'welcome' }, () => {});
    const refused = trace.consume(HEADERS, { transport: 'kafka', pattern: 'orders' }, () =>
      Promise.reject(new RangeError('refused')),
    );
    await expect(refused).rejects.toThrow('refused');
    expect((await samples('messaging_active_messages{'))[0]).toBe(active(0)[0]);
    const count = 'messaging_process_duration_seconds_count';
    const labels = (system: string, name: string, error: string): string =>
      `messaging_system="${system}",messaging_destination_name="${name}",error_type="${error}"`;
    expect(await samples(count)).toEqual([
      `${count}{${labels('kafka', 'orders', '')}} 1`,
      `${count}{${labels('redis', 'mail', '')}} 1`,
      `${count}{${labels('kafka', 'orders', 'errored')}} 1`,
    ]);
  });
});
