import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Inject, Logger, Param } from '@nestjs/common';
import {
  ClientsModule,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValueFrom } from 'rxjs';
import type { TracingModuleOptions } from '../../src/index.js';
import { captureLogs, type LogCapture } from '../../src/testing/index.js';
import { freePort } from '../support/free-port.js';
import { LineSink } from '../support/line-sink.js';
import { sinkLogger, tracedApp } from '../support/traced-app.js';

let logs: LogCapture | undefined;
let release: () => void = () => {};
let released: Promise<void>;

beforeEach(() => {
  released = new Promise((resolve) => (release = resolve));
});

afterEach(() => logs?.stop());

@Controller()
class SlowController {
  @Get('slow/:ms')
  async slow(@Param('ms') ms: string): Promise<string> {
    await sleep(Number(ms));
    new Logger('Slow').log('done');
    return ms;
  }

  @Get('held')
  async held(): Promise<void> {
    await released;
  }
}

async function slowApp(options: TracingModuleOptions = {}) {
  const { app, send } = await tracedApp('express')
    .with(options)
    .of({ controllers: [SlowController] })
    .start();
  logs = captureLogs(app);
  const get = (ms: number, id: string) => send(`/slow/${ms}`, { headers: { 'x-request-id': id } });
  const hold = (id: string) => send('/held', { headers: { 'x-request-id': id } });
  return { logs, get, hold };
}

describe('finished', () => {
  it('waits for the access log line, whether it is called before or after', async () => {
    const { logs, get } = await slowApp();
    const before = logs.finished('req-1');
    await get(1, 'req-1');
    const line = await before;
    expect(line).toMatchObject({ message: 'Request finished', path: '/slow/1' });
    expect(await logs.finished('req-1')).toBe(line);
  });

  it('waits without a limit if configured', async () => {
    const { logs, get } = await slowApp();
    const waiting = logs.finished('req-1', { timeout: Infinity });
    await get(30, 'req-1');
    expect(await waiting).toMatchObject({ path: '/slow/30' });
  });

  it('is the line of the first of two requests with one id, until cleared', async () => {
    const { logs, get, hold } = await slowApp();
    const held = hold('same');
    await get(1, 'same');
    expect(await logs.finished('same')).toMatchObject({ path: '/slow/1' });
    release();
    await held;
    while (logs.finishLines.length < 2) await sleep(2);
    expect(await logs.finished('same')).toMatchObject({ path: '/slow/1' });
    logs.clear();
    expect(logs.finishLines).toEqual([]);
    const next = logs.finished('same');
    await get(2, 'same');
    expect(await next).toMatchObject({ path: '/slow/2' });
  });

  it('finds the line for any configuration of the access log', async () => {
    const { logs, get } = await slowApp({
      accessLog: { message: 'over', fields: ['status_code'], level: 'verbose' },
    });
    await get(1, 'req-1');
    expect(await logs.finished('req-1')).toMatchObject({
      level: 'verbose',
      message: 'over',
      status_code: 200,
    });
    expect(logs.finishLines).toHaveLength(1);
  });

  it.each<[string, TracingModuleOptions]>([
    ['there is no access log', { accessLog: false }],
    ['the path is excluded', { accessLog: { exclude: ['/slow/1'] } }],
    ['its level is off', { logger: warnLogger() }],
  ])('is rejected at once when %s', async (_, options) => {
    const { logs, get } = await slowApp(options);
    await get(2, 'req-2');
    logs.clear();
    await get(1, 'req-1');
    await expect(logs.finished('req-1')).rejects.toThrow(
      'The request "req-1" has no access log line: `accessLog` or the log level disables it.',
    );
    expect(logs.finishLines).toEqual([]);
  });

  it('is rejected in time, with what has finished and where it was called', async () => {
    const { logs, get } = await slowApp();
    await expect(logs.finished('req-9', { timeout: 10 })).rejects.toThrow(
      'The request "req-9" did not finish within 10 ms. Nothing has finished.',
    );
    await get(1, 'req-1');
    await logs.finished('req-1');
    const failure = await logs.finished('req-9', { timeout: 10 }).catch((error: Error) => error);
    expect(failure).toMatchObject({
      message: 'The request "req-9" did not finish within 10 ms. Finished: request "req-1".',
    });
    const waitInTest = async () => {
      await logs.finished('req-9', { timeout: 10 });
    };
    await expect(waitInTest()).rejects.toMatchObject({
      stack: expect.stringContaining('waitInTest'),
    });
  });

  it('is rejected when the capture stops, and after', async () => {
    const { logs } = await slowApp();
    const started = performance.now();
    const waiting = logs.finished('req-1');
    logs.stop();
    const stopped = 'The capture was stopped before the request "req-1" finished.';
    await expect(waiting).rejects.toThrow(stopped);
    await expect(logs.finished('req-1')).rejects.toThrow(stopped);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('does not mind a clock that a test has stopped', async () => {
    const { logs } = await slowApp();
    jest.useFakeTimers();
    const waiting = logs.finished('req-1', { timeout: 10 });
    jest.useRealTimers();
    await expect(waiting).rejects.toThrow('within 10 ms');
  });

  it('distinguishes a request from a message that it caused', async () => {
    const options = { host: '127.0.0.1', port: await freePort() };

    @Controller()
    class GatewayController {
      constructor(@Inject('WORKER') private readonly worker: ClientProxy) {}

      @Get('pay')
      pay(): Promise<string> {
        return lastValueFrom(this.worker.send('charge', 7));
      }

      @MessagePattern('charge')
      charge(): string {
        return 'charged';
      }
    }

    const { app, send } = await tracedApp('express')
      .with({ logger: sinkLogger(new LineSink()) })
      .of({
        imports: [ClientsModule.register([{ name: 'WORKER', transport: Transport.TCP, options }])],
        controllers: [GatewayController],
      })
      .prepared(async (app) => {
        app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
        await app.startAllMicroservices();
      })
      .start();
    logs = captureLogs(app);
    await send('/pay', { headers: { 'x-request-id': 'req-1' } });
    expect(await logs.finished('req-1')).toMatchObject({ path: '/pay' });
    expect(await logs.finished('req-1', { kind: 'message' })).toMatchObject({ pattern: 'charge' });
    expect(logs.finishLines).toHaveLength(2);
  });
});

function warnLogger() {
  const logger = sinkLogger(new LineSink());
  logger.level = 'warn';
  return logger;
}
