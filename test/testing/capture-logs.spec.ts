import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Injectable, Logger, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports, type Logger as Winston } from 'winston';
import {
  TraceContext,
  traceJson,
  traceLogger,
  tracingChannels,
  TracingLogger,
  TracingModule,
} from '../../src/index.js';
import {
  captureLogs,
  withTrace,
  type CaptureLogsOptions,
  type LogCapture,
} from '../../src/testing/index.js';
import { freePort } from '../support/free-port.js';
import { LineSink } from '../support/line-sink.js';
import {
  PLATFORMS,
  sinkLogger,
  tracedApp,
  type Platform,
  type TracedApp,
} from '../support/traced-app.js';

const captures: LogCapture[] = [];

afterEach(() => {
  for (const capture of captures.splice(0)) capture.stop();
});

/** Stopped when its test is over. */
function capturing(...[app, options]: Parameters<typeof captureLogs>): LogCapture {
  const capture = captureLogs(app, options);
  captures.push(capture);
  return capture;
}

const sessionOf = (index: number): string => `session-${index % 3}`;
const messagesOf = (entries: readonly { message: string }[]): string[] =>
  entries.map(({ message }) => message);

@Controller('payments')
class PaymentController {
  private readonly logger = new Logger('Payments');

  constructor(private readonly trace: TraceContext) {}

  @Post(':id')
  async pay(@Param('id') id: string, @Body() body: { amount: number }): Promise<object> {
    this.trace.set('payment', id);
    this.logger.log('Paying', { amount: body.amount });
    await sleep((Number(id) * 7) % 23);
    this.logger.warn('Gateway slow');
    await sleep((Number(id) * 5) % 11);
    this.logger.log('Paid');
    return { id };
  }

  @Get('broken')
  broken(): void {
    this.logger.error('Charge failed', new Error('no funds', { cause: new Error('empty') }));
  }
}

async function paymentsApp(platform: Platform) {
  const traced = await tracedApp(platform)
    .of({ controllers: [PaymentController] })
    .start();
  return { ...traced, pay: payer(traced) };
}

function payer({ send }: TracedApp) {
  return (index: number, requestId = `req-${index}`): Promise<Response> =>
    send(`/payments/${index}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': requestId,
        'x-session-id': sessionOf(index),
      },
      body: JSON.stringify({ amount: index }),
    });
}

describe.each(PLATFORMS)('captureLogs on %s', (platform) => {
  it('gathers what a request wrote, under the names of the log', async () => {
    const { app, pay } = await paymentsApp(platform);
    const logs = capturing(app);
    expect((await pay(1)).status).toBe(201);
    const line = await logs.finished('req-1');
    const ids = {
      trace_id: 'req-1',
      request_id: 'req-1',
      session_id: 'session-1',
      span_id: line.span_id,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: expect.any(String),
    };
    const own = { ...ids, context: 'Payments', payment: '1' };
    expect(logs.entries).toEqual([
      { ...own, level: 'info', message: 'Paying', amount: 1 },
      { ...own, level: 'warn', message: 'Gateway slow' },
      { ...own, level: 'info', message: 'Paid' },
      {
        ...ids,
        level: 'info',
        message: 'Request finished',
        payment: '1',
        method: 'POST',
        path: '/payments/1',
        route: '/payments/:id',
        handler: 'PaymentController.pay',
        status_code: 201,
        outcome: 'completed',
        duration_ms: expect.any(Number),
        handler_ms: expect.any(Number),
      },
    ]);
    expect(logs.entries.at(-1)).toBe(line);
  });

  it('keeps 30 overlapping requests apart', async () => {
    const { app, pay } = await paymentsApp(platform);
    const logs = capturing(app);
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    await Promise.all(numbers.map((index) => pay(index)));
    const lines = await Promise.all(numbers.map((index) => logs.finished(`req-${index}`)));
    for (const index of numbers) {
      const entries = logs.ofRequest(`req-${index}`);
      expect(messagesOf(entries)).toEqual(['Paying', 'Gateway slow', 'Paid', 'Request finished']);
      expect(entries[0]).toMatchObject({ amount: index });
      expect(entries[3]).toBe(lines[index]);
      expect(logs.ofTrace(`req-${index}`)).toEqual(entries);
    }
    expect(new Set(logs.entries.map((entry) => entry.request_id)).size).toBe(30);
    expect(logs.entries).toHaveLength(120);
    expect(logs.finishLines).toHaveLength(30);
    const ofSession = logs.ofSession('session-1');
    expect(new Set(ofSession.map((entry) => entry.request_id)).size).toBe(10);
    expect(ofSession).toHaveLength(40);
    // They really did overlap.
    const owners = logs.entries.map((entry) => entry.request_id);
    const changes = owners.filter((owner, index) => owner !== owners[index + 1]).length;
    expect(changes).toBeGreaterThan(30);
  });

  it('keeps two applications in one process apart', async () => {
    const [one, two] = [await paymentsApp(platform), await paymentsApp(platform)];
    const [ofOne, ofTwo] = [capturing(one.app), capturing(two.app)];
    await Promise.all([one.pay(1, 'same'), two.pay(2, 'same'), two.pay(3, 'other')]);
    await Promise.all([ofOne.finished('same'), ofTwo.finished('same'), ofTwo.finished('other')]);
    expect(ofOne.entries).toHaveLength(4);
    expect(ofOne.entries.every((entry) => entry['payment'] === '1')).toBe(true);
    expect(ofTwo.entries).toHaveLength(8);
    expect(new Set(ofTwo.entries.map((entry) => entry['payment']))).toEqual(new Set(['2', '3']));
  });

  it('finds the requests that a test sends in a trace of its own', async () => {
    const { app, send } = await paymentsApp(platform);
    const logs = capturing(app);
    await withTrace({ requestId: 'req-1' }, () => send('/payments/broken'));
    expect(await logs.finished('req-1')).toMatchObject({ trace_id: 'req-1', status_code: 200 });
    expect(logs.ofRequest('req-1')).toHaveLength(2);
  });

  it('spells out errors as the log does', async () => {
    const { app, send } = await paymentsApp(platform);
    const logs = capturing(app);
    await send('/payments/broken');
    expect(logs.entries[0]).toMatchObject({
      level: 'error',
      message: 'Charge failed',
      error: {
        name: 'Error',
        message: 'no funds',
        stack: expect.stringContaining('capture-logs.spec'),
        cause: { message: 'empty' },
      },
    });
  });
});

describe('captureLogs', () => {
  /** An application without a server, as it is in a testing module. */
  async function testingModule(logger: Winston, options?: CaptureLogsOptions) {
    const module = await Test.createTestingModule({
      imports: [TracingModule.forRoot({ logger })],
    }).compile();
    module.useLogger(module.get(TracingLogger));
    const logs = capturing(module, options);
    return { module, logs, logger };
  }

  it('takes a testing module, before and after it has become an application', async () => {
    @Controller()
    class HelloController {
      @Get()
      hello(): void {
        new Logger('Hello').log('hello');
      }
    }
    const module = await Test.createTestingModule({
      imports: [TracingModule.forRoot({ logger: sinkLogger(new LineSink()) })],
      controllers: [HelloController],
    }).compile();
    const before = capturing(module);
    const app = module.createNestApplication();
    app.useLogger(app.get(TracingLogger));
    const after = capturing(app);
    await app.listen(0, '127.0.0.1');
    await fetch(await app.getUrl(), { headers: { 'x-request-id': 'req-1' } });
    for (const logs of [before, after]) {
      await logs.finished('req-1');
      expect(messagesOf(logs.ofRequest('req-1'))).toEqual(['hello', 'Request finished']);
    }
    await app.close();
  });

  it('takes an application context, whose runs are its own', async () => {
    @Injectable()
    class Report {
      build(): void {
        new Logger('Report').log('building');
      }
    }
    @Module({
      imports: [TracingModule.forRoot({ logger: sinkLogger(new LineSink()) })],
      providers: [Report],
    })
    class ReportModule {}
    const app = await NestFactory.createApplicationContext(ReportModule, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    const logs = capturing(app);
    const seed = { requestId: 'run-1', name: 'report' };
    app.get(TraceContext).run(seed, () => app.get(Report).build());
    expect(await logs.finished('run-1', { kind: 'run' })).toMatchObject({ job: 'report' });
    expect(messagesOf(logs.ofRequest('run-1'))).toEqual(['building', 'Run finished']);
    await app.close();
  });

  it('takes a microservice', async () => {
    const options = { host: '127.0.0.1', port: await freePort() };
    @Module({ imports: [TracingModule.forRoot({ logger: sinkLogger(new LineSink()) })] })
    class WorkerModule {}
    const app = await NestFactory.createMicroservice(WorkerModule, {
      transport: Transport.TCP,
      options,
      bufferLogs: true,
    });
    const logs = capturing(app);
    app.useLogger(app.get(TracingLogger));
    await app.listen();
    expect(messagesOf(logs.entries)).toContain('Nest microservice successfully started');
    await app.close();
  });

  it('says what is missing in an application without tracing', async () => {
    const module = await Test.createTestingModule({}).compile();
    expect(() => captureLogs(module)).toThrow(
      expect.objectContaining({ name: 'TracingConfigError', code: 'TRACING_NOT_IMPORTED' }),
    );
    expect(tracingChannels.log.hasSubscribers).toBe(false);
    await module.close();
  });

  it('has the lines of withTrace, of every traced logger, and those outside a trace', async () => {
    const { module, logs } = await testingModule(sinkLogger(new LineSink()));
    const other = traceLogger(
      createLogger({ transports: [new transports.Stream({ stream: new LineSink() })] }),
    );
    withTrace({ requestId: 'r-1' }, () => {
      new Logger('Unit').log('by Nest');
      other.child({ part: 1 }).info('by winston');
    });
    new Logger('Unit').log('outside');
    expect(logs.entries).toEqual([
      expect.objectContaining({ message: 'by Nest', request_id: 'r-1', context: 'Unit' }),
      expect.objectContaining({ message: 'by winston', request_id: 'r-1', part: 1 }),
      expect.objectContaining({
        message: 'outside',
        trace_id: '-',
        request_id: '-',
        session_id: '-',
        span_id: '-',
      }),
    ]);
    await module.close();
  });

  it('has standard names for any format, and no line of a level that is off', async () => {
    const sink = new LineSink();
    const { module, logs } = await testingModule(
      createLogger({
        level: 'info',
        format: traceJson({ preset: 'gcp' }),
        transports: [new transports.Stream({ stream: sink })],
      }),
    );
    withTrace({ requestId: 'r-1', traceId: 't-1' }, () => {
      new Logger('Unit').warn('careful');
      new Logger('Unit').debug('off');
    });
    expect(logs.entries).toHaveLength(1);
    expect(logs.entries[0]).toMatchObject({ level: 'warn', message: 'careful', trace_id: 't-1' });
    expect(sink.lines[0]).toMatchObject({ severity: 'WARNING' });
    await module.close();
  });

  it('keeps an entry as it was logged, frozen', async () => {
    const { module, logs, logger } = await testingModule(sinkLogger(new LineSink()));
    const order = { id: 7, items: ['a'], placed: new Date(0) };
    logger.info('ordered', { order });
    order.id = 8;
    order.items.push('b');
    const [entry] = logs.entries;
    const logged = { id: 7, items: ['a'], placed: '1970-01-01T00:00:00.000Z' };
    expect(entry?.['order']).toEqual(logged);
    const { order: copy } = entry as unknown as { order: typeof order };
    for (const value of [entry, copy, copy.items]) expect(Object.isFrozen(value)).toBe(true);
    await module.close();
  });

  it('accepts what cannot be written', async () => {
    const { module, logs, logger } = await testingModule(sinkLogger(new LineSink()));
    const circle: Record<string, unknown> = { big: 1n };
    circle['self'] = circle;
    logger.info('round', { circle, text: 'a\nb\u202e\ud800' });
    logger.log({ level: 'info', message: { nested: true } } as never);
    expect(logs.entries[0]).toMatchObject({
      circle: { big: '1', self: '[Circular]' },
      text: 'a\nb\u202e\ud800',
    });
    expect(logs.entries[1]).toMatchObject({ message: '{"nested":true}' });
    await module.close();
  });

  it('forgets with clear, and is over with stop', async () => {
    const { module, logs } = await testingModule(sinkLogger(new LineSink()));
    const logger = new Logger('Unit');
    logger.log('one');
    const before = logs.entries;
    logs.clear();
    expect(logs.entries).toEqual([]);
    expect(messagesOf(before)).toEqual(['one']);
    logger.log('two');
    logs.stop();
    logs.stop();
    logger.log('three');
    expect(messagesOf(logs.entries)).toEqual(['two']);
    await module.close();
  });

  it('leaves no subscriber behind, also when it is disposed of', async () => {
    const { module, logs } = await testingModule(sinkLogger(new LineSink()));
    const { log, requestFinish } = tracingChannels;
    expect([log.hasSubscribers, requestFinish.hasSubscribers]).toEqual([true, true]);
    logs.stop();
    expect([log.hasSubscribers, requestFinish.hasSubscribers]).toEqual([false, false]);
    {
      using second = captureLogs(module);
      expect(second.entries).toEqual([]);
      expect(log.hasSubscribers).toBe(true);
    }
    expect([log.hasSubscribers, requestFinish.hasSubscribers]).toEqual([false, false]);
    await module.close();
  });

  it('does not change the output, unless it is to be silent', async () => {
    const sink = new LineSink();
    const { module, logs, logger } = await testingModule(sinkLogger(sink));
    logger.info('heard');
    const silent = capturing(module, { silent: true });
    logger.info('not heard');
    // The other end in the other order: who came second was silent already.
    const second = capturing(module, { silent: true });
    silent.stop();
    second.stop();
    logger.info('heard again');
    const third = capturing(module, { silent: true });
    // Has stopped already, and must not disturb the third.
    silent.stop();
    logger.info('not heard either');
    third.stop();
    expect(messagesOf(logs.entries)).toEqual([
      'heard',
      'not heard',
      'heard again',
      'not heard either',
    ]);
    expect(messagesOf(silent.entries)).toEqual(['not heard']);
    expect(messagesOf(sink.lines)).toEqual(['heard', 'heard again']);
    await module.close();
  });

  it('keeps a silent transport silent', async () => {
    const sink = new LineSink();
    const { module, logs, logger } = await testingModule(
      createLogger({ transports: [new transports.Stream({ stream: sink, silent: true })] }),
      { silent: true },
    );
    logs.stop();
    logger.info('not written');
    expect(sink.lines).toEqual([]);
    await module.close();
  });
});
