import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger } from 'winston';
import { createTraceContext } from '../../src/testing/index.js';
import { traceJson, traceLogger, TracingTransport } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';
import { duplicateKeys } from './json-keys.js';

describe('destinations', () => {
  it.each([
    ['a folder that is missing', (folder: string) => join(folder, 'lgos', 'app.log')],
    ['a folder below a file', () => '/etc/passwd/app.log'],
    ['a folder itself', (folder: string) => folder],
    ['a path with NUL', (folder: string) => join(folder, 'a\u0000b.log')],
    ['a path that is too long', (folder: string) => join(folder, 'x'.repeat(5000))],
    ['a descriptor that is not open', () => 7777],
    ['a negative descriptor', () => -1],
  ])('%s is an error at startup, and makes nothing', (_, destination) => {
    const folder = mkdtempSync(join(tmpdir(), 'attack-'));
    try {
      expect(() => new TracingTransport({ destination: destination(folder) })).toThrow(
        expect.objectContaining({
          name: 'TracingConfigError',
          code: expect.stringMatching(/^INVALID_(?:DESTINATION|OPTION)$/),
        }),
      );
      expect(existsSync(join(folder, 'lgos'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

@Controller()
class SavingController {
  @Get()
  save(): string {
    new Logger('Orders').log('order saved');
    return 'ok';
  }
}

describe.each(PLATFORMS)('subscribers', (platform) => {
  const SUBSCRIBERS: readonly { name: string; act: () => unknown }[] = [
    { name: 'logs', act: () => new Logger('Shipper').warn('not shipped') },
    {
      name: 'logs later',
      act: () => queueMicrotask(() => new Logger('Shipper').warn('not shipped')),
    },
    {
      name: 'logs in a promise',
      act: async () => {
        await Promise.resolve();
        new Logger('Shipper').warn('not shipped');
      },
    },
    {
      name: 'logs and throws',
      act: () => {
        new Logger('Shipper').warn('not shipped');
        throw new Error('x');
      },
    },
  ];
  it.each(SUBSCRIBERS)(`on ${platform}: one that $name`, async ({ act }) => {
    let calls = 0;
    const listen = (): unknown => {
      // A loop that does not end would end the process: it ends the test instead.
      if (++calls > 1000) return undefined;
      return act();
    };
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [SavingController] })
      .start();
    subscribe('nestjs-tracing:log', listen);
    try {
      expect((await send('/')).status).toBe(200);
      await sink.finishes(1);
      expect(calls).toBe(2);
      expect(sink.linesOf('order saved')).toHaveLength(1);
      expect(sink.linesOf('not shipped')).toHaveLength(2);
    } finally {
      unsubscribe('nestjs-tracing:log', listen);
    }
  });
});

describe('memory and keys', () => {
  it('keys of 100 kB that callers choose are not kept', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const sink = new LineSink();
    const logger = traceLogger(sinkLogger(sink));
    const write = async (round: number): Promise<number> => {
      for (let line = 0; line < 200; line++) {
        const key = `${round}-${line}`;
        logger.info('body', {
          [key.padEnd(100_000, 'key')]: 1,
          [`password-${key}`.padEnd(100_000, 'x')]: 2,
        });
        createTraceContext().run({}, () =>
          logger.info(key, { deep: { [key.padEnd(50_000, 'k')]: [] } }),
        );
        sink.clear();
      }
      // What winston defers is done.
      await turn();
      collect();
      return process.memoryUsage().heapUsed;
    };
    await write(0);
    const before = await write(1);
    expect((await write(2)) - before).toBeLessThan(8 * 1024 * 1024);
  });

  it.each([
    ['trace_id', '_trace_id', '__trace_id'],
    ['timestamp', '_timestamp', 'service', '_service'],
    ['request_id', '_request_id', 'level', '_level', 'message', '_message'],
  ])('%s and the names that it gives way to', async (...names) => {
    const sink = new LineSink();
    const logger = traceLogger(
      createLogger({ format: traceJson(), transports: sinkLogger(sink).transports }),
    );
    const trace = createTraceContext();
    trace.run({}, () => {
      for (const name of names) trace.set(name, 'of the application');
      logger.info('order saved', Object.fromEntries(names.map((name) => [name, 'of the entry'])));
    });
    await eventually(() => sink.raw.length > 0, 'the line');
    expect(duplicateKeys(sink.raw[0]!)).toEqual([]);
  });
});
