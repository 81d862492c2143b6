import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { of, throwError, type Observable } from 'rxjs';
import { TraceContext, TracingLogger, TracingModule } from '../../../src/index.js';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import { sinkLogger } from '../../support/traced-app.js';

const logger = new Logger('script');
const open: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

/** An application context without a server, as scripts and tests have it. */
async function scriptContext() {
  const sink = new LineSink();

  @Injectable()
  class WorkService {
    async work(id: string): Promise<string> {
      for (const step of ['begin', 'middle', 'end']) {
        logger.log({ message: step, id });
        if (step !== 'end') await sleep((Number(id) * 7) % 11);
      }
      return id;
    }
  }

  @Module({
    imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
    providers: [WorkService],
  })
  class ScriptModule {}

  const app = await NestFactory.createApplicationContext(ScriptModule, { bufferLogs: true });
  open.push(app);
  app.useLogger(app.get(TracingLogger));
  sink.clear();
  const runsOf = (count: number) =>
    eventually(() => sink.linesOf('Run finished').length >= count, `${count} runs`).then(() =>
      sink.linesOf('Run finished'),
    );
  return { app, sink, runsOf, trace: app.get(TraceContext), service: app.get(WorkService) };
}

describe('a run in an application context', () => {
  it('has a trace, and one line at its end', async () => {
    const { sink, runsOf, trace, service } = await scriptContext();
    expect(await trace.run({ name: 'import' }, () => service.work('3'))).toBe('3');
    const [line] = await runsOf(1);
    expect(line).toMatchObject({
      level: 'info',
      transport: 'manual',
      job: 'import',
      outcome: 'completed',
      trace_id: expect.stringMatching(/^[\da-f]{32}$/),
    });
    expect(sink.lines.map(({ message }) => message)).toEqual([
      'begin',
      'middle',
      'end',
      'Run finished',
    ]);
    expect(new Set(sink.lines.map(({ request_id: id }) => id)).size).toBe(1);
    expect(trace.traceId).toBeUndefined();
  });

  it('continues what its seed says', async () => {
    const { runsOf, trace } = await scriptContext();
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    trace.run({ traceparent, requestId: 'r-1', sessionId: 's-1', transport: 'cli' }, () => {});
    trace.run({ traceparent: 'nonsense', requestId: 'bad id\n', sessionId: '' }, () => {});
    trace.run(undefined, () => {});
    const [continued, ...fresh] = await runsOf(3);
    expect(continued).toMatchObject({
      trace_id: 'ab'.repeat(16),
      parent_span_id: 'cd'.repeat(8),
      request_id: 'r-1',
      session_id: 's-1',
      transport: 'cli',
    });
    for (const line of fresh) {
      expect(line.request_id).toMatch(/^[\da-f-]{36}$/);
      expect(line.session_id).toMatch(/^[\da-f-]{36}$/);
      expect(line).not.toHaveProperty('parent_span_id');
    }
    expect(new Set(fresh.map((line) => line.trace_id)).size).toBe(2);
  });

  it('that throws is errored, and rethrows the error', async () => {
    const { runsOf, trace } = await scriptContext();
    const failure = new Error('no input');
    const fail = (): never => {
      throw failure;
    };
    expect(() => trace.run({ name: 'sync' }, fail)).toThrow(failure);
    const later = async (): Promise<void> => {
      await sleep(2);
      fail();
    };
    await expect(trace.run({ name: 'async' }, later)).rejects.toBe(failure);
    const stream: Observable<unknown> = throwError(() => failure);
    trace.run({ name: 'stream' }, () => stream).subscribe({ error: () => {} });
    trace.run({ name: 'fine' }, () => of(1)).subscribe();
    const lines = await runsOf(4);
    expect(lines.map((line) => [line['job'], line['outcome'], line.level])).toEqual([
      ['sync', 'errored', 'error'],
      ['async', 'errored', 'error'],
      ['stream', 'errored', 'error'],
      ['fine', 'completed', 'info'],
    ]);
  });

  it('inside another has a trace of its own, and does not change the other', async () => {
    const { sink, runsOf, trace } = await scriptContext();
    await trace.run({ name: 'outer' }, async () => {
      const outer = trace.traceId;
      logger.log('before');
      await trace.run({ name: 'inner' }, async () => {
        await sleep(2);
        logger.log('inside');
        expect(trace.traceId).not.toBe(outer);
      });
      logger.log('after');
      expect(trace.traceId).toBe(outer);
    });
    const [inner, outer] = await runsOf(2);
    expect([inner!['job'], outer!['job']]).toEqual(['inner', 'outer']);
    const idOf = (message: string) => sink.linesOf(message)[0]?.request_id;
    expect(idOf('inside')).toBe(inner!.request_id);
    expect([idOf('before'), idOf('after')]).toEqual([outer!.request_id, outer!.request_id]);
  });

  it('does not mix with 199 others', async () => {
    const { sink, runsOf, trace, service } = await scriptContext();
    const owners = new Map<string, string | undefined>();
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await sleep((index * 3) % 17);
        await trace.run({ name: `run ${index}` }, () => {
          owners.set(String(index), trace.requestId);
          return service.work(String(index));
        });
      }),
    );
    const lines = await runsOf(200);
    expect(new Set(lines.map((line) => line.trace_id)).size).toBe(200);
    const steps = sink.lines.filter((line) => 'id' in line);
    expect(steps).toHaveLength(600);
    expect(steps.filter((line) => line.request_id !== owners.get(String(line['id'])))).toEqual([]);
    expect(
      lines.filter((line) => `run ${idOfOwner(owners, line.request_id)}` !== line['job']),
    ).toEqual([]);
  });
});

function idOfOwner(owners: ReadonlyMap<string, string | undefined>, requestId: string) {
  return [...owners].find(([, owner]) => owner === requestId)?.[0];
}

describe('a script of its own process', () => {
  const SCRIPT = 'test/context/scripts/report-script.ts';
  // The processes load all of NestJS, on a machine that may have other work.
  const TIMEOUT = 30_000;
  let stock: ServiceProcess;

  beforeAll(async () => {
    stock = await ServiceProcess.start('test/context/scripts/stock-service.ts');
  }, TIMEOUT);

  it.each([
    ['runs out', '', 0],
    ['closes its application', 'close', 0],
    ['exits at once', 'exit', 3],
    ['throws behind its run', 'throw', 1],
  ])(
    'that %s has written all its lines, in one tree with those of a service',
    async (_, ENDING, code) => {
      const STOCK_URL = String(stock.ready['url']);
      const script = await ServiceProcess.start(SCRIPT, { STOCK_URL, ENDING });
      const { child } = script;
      await once(child, 'close');
      expect(child.exitCode).toBe(code);

      const own = script.lines.filter(({ message }) => message !== 'Span finished');
      const run = own.filter(({ trace_id: id }) => id !== '-');
      expect(run.map(({ message }) => message)).toEqual([
        'begin',
        'answer',
        'answer',
        'end',
        'Run finished',
      ]);
      const { trace_id: traceId, request_id: requestId } = run[0]!;
      expect(new Set(run.map((line) => line.request_id))).toEqual(new Set([requestId]));
      expect(run.at(-1)).toMatchObject({
        transport: 'manual',
        job: 'report',
        outcome: 'completed',
      });
      const served = (): Line[] => stock.lines.filter((line) => line.trace_id === traceId);
      await eventually(() => served().length === 4, 'the lines of the service');
      for (const line of served()) expect(line.request_id).toBe(requestId);
      await untilTrees(() => [...script.lines, ...stock.lines], traceId);
    },
    TIMEOUT,
  );
});
