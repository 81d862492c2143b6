import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createLogger, format, transports } from 'winston';
import { traceJson, type TracingModuleOptions } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller()
class WorkController {
  private readonly logger = new Logger('UnitOfWork');

  @Get()
  work(): string {
    this.logger.log('working', { a: 1 });
    return 'ok';
  }

  @Get('strange')
  strange(): string {
    const cycle: Record<string, unknown> = { name: 'cycle' };
    cycle['self'] = cycle;
    this.logger.log('strange', {
      request_id: 'forged',
      trace_id: 'forged',
      timestamp: 'forged',
      ['__proto__']: 'forged',
      get bad(): never {
        throw new Error('getter');
      },
      cycle,
      big: 10n,
    });
    this.logger.log('large', { text: 'x'.repeat(10_000_000) });
    this.logger.log(JSON.parse('{"__proto__":{"polluted":1},"message":"proto"}'));
    // winston takes this for an exception that is handled elsewhere, and would write nothing.
    this.logger.log('order', JSON.parse('{"exception":true,"item":1}'));
    return 'ok';
  }
}

const throwing = () => {
  throw new Error('broken on purpose');
};

function brokenTransport(log: (info: unknown, next: () => void) => void) {
  const transport = new transports.Console();
  transport.log = log;
  return transport;
}

const FAULTS: Record<string, (sink: LineSink) => TracingModuleOptions> = {
  'a transport that throws': (sink) => ({
    logger: createLogger({
      format: traceJson(),
      transports: [brokenTransport(throwing), new transports.Stream({ stream: sink })],
    }),
  }),
  'a transport that never calls back': (sink) => ({
    logger: createLogger({
      format: traceJson(),
      transports: [new transports.Stream({ stream: sink }), brokenTransport(() => {})],
    }),
  }),
  'a transport that emits an error': (sink) => ({
    logger: createLogger({
      format: traceJson(),
      transports: [
        brokenTransport(function (this: unknown, _info, next) {
          (this as transports.ConsoleTransportInstance).emit('error', new Error('emitted'));
          next();
        }),
        new transports.Stream({ stream: sink }),
      ],
    }),
  }),
  'a format that throws': (sink) => ({
    logger: createLogger({
      format: format.combine(format(throwing)(), traceJson()),
      transports: new transports.Stream({ stream: sink }),
    }),
  }),
  'an access log that throws': () => ({
    accessLog: { exclude: throwing, level: throwing, fields: throwing, message: throwing },
  }),
};

describe.each(PLATFORMS)('faults around tracing on %s', (platform) => {
  it.each(Object.keys(FAULTS))('%s does not fail a request', async (name) => {
    const sink = new LineSink();
    const { url } = await tracedApp(platform, sink)
      .with(FAULTS[name]!(sink))
      .of({ controllers: [WorkController] })
      .start();
    for (let i = 0; i < 5; i++) {
      const response = await fetch(url, { headers: { 'x-request-id': `r-${i}` } });
      expect([response.status, await response.text()]).toEqual([200, 'ok']);
    }
    const finished = await sink.finishes(5);
    expect(finished.map(({ request_id }) => request_id)).toEqual([
      'r-0',
      'r-1',
      'r-2',
      'r-3',
      'r-4',
    ]);
    expect(sink.lines.filter(({ message }) => message === 'working')).toHaveLength(5);
  });

  it('a subscriber that throws does not fail a request', async () => {
    const channels = ['request:start', 'request:finish', 'log'].map((n) => `nestjs-tracing:${n}`);
    for (const channel of channels) subscribe(channel, throwing);
    try {
      const { send, sink } = await tracedApp(platform)
        .of({ controllers: [WorkController] })
        .start();
      expect((await send('/')).status).toBe(200);
      expect(await sink.finishes(1)).toHaveLength(1);
    } finally {
      for (const channel of channels) expect(unsubscribe(channel, throwing)).toBe(true);
    }
  });

  it('strange entries are one line each, with their ids', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [WorkController] })
      .start();
    await send('/strange', { headers: { 'x-request-id': 'r-1' } });
    await sink.finishes(1);
    const [strange, large, proto] = sink.lines;
    expect(sink.lines).toHaveLength(5);
    expect(sink.lines[3]).toMatchObject({ message: 'order', _exception: true, item: 1 });
    expect(
      sink.lines.every(({ request_id, trace_id }) => request_id === 'r-1' && trace_id === 'r-1'),
    ).toBe(true);
    expect(strange).toMatchObject({
      message: 'strange',
      _request_id: 'forged',
      _timestamp: 'forged',
      bad: expect.stringContaining('getter'),
      cycle: { name: 'cycle', self: '[Circular]' },
      big: '10',
    });
    // Longer than a line may be, so it is cut.
    expect((large!['text'] as string).length).toBeLessThan(65_536);
    expect(proto).toMatchObject({ message: 'proto' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
