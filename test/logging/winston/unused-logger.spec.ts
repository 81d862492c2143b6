import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ConsoleLogger,
  Controller,
  Get,
  Logger,
  Module,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { LineSink } from '../../support/line-sink.js';
import { adapterOf, PLATFORMS, sinkLogger, type Platform } from '../../support/traced-app.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();
const codes = (): unknown[] =>
  warn.mock.calls.map(([, options]) => (options as { code?: string } | undefined)?.code);

@Controller()
class OrdersController {
  @Get('orders')
  list(): string {
    return 'ok';
  }
}

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  Logger.overrideLogger(new ConsoleLogger());
});

function appModule(sink: LineSink) {
  @Module({
    imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
    controllers: [OrdersController],
  })
  class AppModule {}
  return AppModule;
}

async function request(sink: LineSink): Promise<void> {
  await app!.listen(0, '127.0.0.1');
  const { port } = app!.getHttpServer().address() as { port: number };
  for (let i = 1; i <= 3; i++) {
    await fetch(`http://127.0.0.1:${port}/orders`);
    await sink.finishes(i);
  }
}

class OwnLogger extends ConsoleLogger {}

const STARTS: [
  string,
  (platform: Platform, sink: LineSink) => Promise<INestApplication>,
  number,
][] = [
  [
    'useLogger was forgotten',
    (platform, sink) =>
      NestFactory.create(appModule(sink), adapterOf(platform), { logger: ['error'] }),
    1,
  ],
  [
    'a ConsoleLogger was passed',
    (platform, sink) =>
      NestFactory.create(appModule(sink), adapterOf(platform), {
        logger: new ConsoleLogger({ logLevels: ['error'] }),
      }),
    1,
  ],
  [
    'NestJS logs nothing',
    (platform, sink) => NestFactory.create(appModule(sink), adapterOf(platform), { logger: false }),
    0,
  ],
  [
    'the application has a logger of its own',
    (platform, sink) =>
      NestFactory.create(appModule(sink), adapterOf(platform), {
        logger: new OwnLogger('', { logLevels: ['error'] }),
      }),
    0,
  ],
  [
    'TracingLogger is used',
    async (platform, sink) => {
      const created = await NestFactory.create(appModule(sink), adapterOf(platform), {
        bufferLogs: true,
      });
      created.useLogger(created.get(TracingLogger));
      return created;
    },
    0,
  ],
  [
    'it is a testing module',
    async (platform, sink) => {
      const module = await Test.createTestingModule({ imports: [appModule(sink)] }).compile();
      return module.createNestApplication(adapterOf(platform));
    },
    0,
  ],
];

describe.each(PLATFORMS)('warnings of an unused logger, on %s', (platform) => {
  it.each(STARTS)('where %s', async (_name, start, count) => {
    Logger.overrideLogger(new ConsoleLogger({ logLevels: ['error'] }));
    const sink = new LineSink();
    app = await start(platform, sink);
    await request(sink);
    expect(codes().filter((code) => code === 'TRACING_LOGGER_UNUSED')).toHaveLength(count);
    if (count === 1)
      expect(String(warn.mock.calls[0]![0])).toContain('app.useLogger(app.get(TracingLogger))');
  });
});

describe('a preset with the text format', () => {
  it('costs one warning, where the format was chosen', () => {
    resolveOptions({ preset: 'gcp' });
    resolveOptions({ preset: 'gcp', format: 'json' });
    expect(codes()).toEqual([]);
    resolveOptions({ preset: 'gcp', format: 'text' });
    resolveOptions({ preset: 'gcp', format: 'text' });
    expect(codes()).toEqual(['TRACING_PRESET_UNUSED']);
  });
});
