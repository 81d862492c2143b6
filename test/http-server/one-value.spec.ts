import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { createLogger, format, transports, type Logger } from 'winston';
import {
  traceFormat,
  traceJson,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
} from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const PRESETS = {
  ecs: 'trace.id',
  otel: 'trace_id',
  gcp: 'logging.googleapis.com/trace',
  datadog: 'dd.trace_id',
} as const;
type PresetName = keyof typeof PRESETS;
const IDS = ['req-001', '0af76519-16cd-43dd-8448-eb211c80319c', undefined];

@Controller()
class OrdersController {
  @Get()
  get(): string {
    return 'ok';
  }
}

/** The ways in which an application says that its lines have the names of a backend. */
const WAYS: Record<string, (preset: PresetName, sink: LineSink) => TracingModuleOptions> = {
  'the format of a logger': (preset, sink) => ({
    logger: createLogger({
      format: traceJson({ preset }),
      transports: [new transports.Stream({ stream: sink })],
    }),
  }),
  'options of a logger': (preset, sink) => ({
    logger: {
      format: format.combine(format.timestamp(), traceFormat({ preset }), format.json()),
      transports: [new transports.Stream({ stream: sink })],
    },
  }),
  'the format of a transport': (preset, sink) => ({
    logger: createLogger({
      transports: [
        new transports.Stream({
          stream: sink,
          format: format.combine(format.errors({ stack: true }), traceJson({ preset })),
        }),
      ],
    }),
  }),
  'any id as trace id': (preset, sink) => ({
    traceId: { format: 'any' },
    logger: {
      format: traceJson({ preset }),
      transports: [new transports.Stream({ stream: sink })],
    },
  }),
};

/** What the log and the response name each trace. */
async function namesOf(
  platform: Platform,
  preset: PresetName,
  sink: LineSink,
  options: TracingModuleOptions,
): Promise<unknown[][]> {
  const app = await tracedApp(platform, sink)
    .importing(TracingModule.forRootAsync({ useFactory: () => options }))
    .of({ controllers: [OrdersController] })
    .prepared((nest) => {
      if (options.logger !== undefined) return;
      const own: Logger = nest.get(TracingLogger).winston;
      for (const transport of own.transports) transport.silent = true;
      own.add(new transports.Stream({ stream: sink, format: traceJson({ preset }) }));
    })
    .start();
  const names: unknown[][] = [];
  for (const id of IDS) {
    sink.clear();
    const response = await app.send(
      '/',
      id === undefined ? {} : { headers: { 'x-request-id': id } },
    );
    await eventually(() => sink.finished.length === 1, 'the access log line');
    const logged = (sink.finished[0] as Record<string, unknown>)[PRESETS[preset]];
    const answered = response.headers.get('x-trace-id');
    names.push(logged === answered ? [logged] : [logged, answered]);
  }
  return names;
}

const oneValueEach = IDS.map(() => [expect.stringMatching(/^[0-9a-f]{32}$/)]);

describe.each(PLATFORMS)('with a preset on %s, X-Trace-ID is what the log has', (platform) => {
  const presets = Object.keys(PRESETS) as PresetName[];
  it.each(presets)("the module's own logger: %s", async (preset) => {
    const options: TracingModuleOptions = { preset, format: 'json' };
    const names = await namesOf(platform, preset, new LineSink(), options);
    expect(names).toEqual(oneValueEach);
  });

  it.each(Object.entries(WAYS))('%s', async (_way, optionsOf) => {
    const sink = new LineSink();
    const names = await namesOf(platform, 'ecs', sink, optionsOf('ecs', sink));
    expect(names).toEqual(oneValueEach);
  });

  it('leaves the ids of an application without one alone', async () => {
    traceJson({ preset: 'ecs' });
    const app = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .start();
    const response = await app.send('/', { headers: { 'x-request-id': 'req-001' } });
    const [line] = await app.sink.finishes(1);
    expect([response.headers.get('x-trace-id'), line!.trace_id]).toEqual(['req-001', 'req-001']);
  });
});
