import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  concat,
  defer,
  finalize,
  firstValueFrom,
  from,
  isObservable,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  of,
  take,
  throwError,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import { currentScope } from '../../src/context/active-trace.js';
import { runWithTrace } from '../../src/context/trace-store.js';
import { runSpan } from '../../src/spans/run-span.js';
import { stepsOf } from '../../src/spans/steps.js';
import { newTraceId } from '../../src/trace/ids.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { MAX_SPANS } from '../../src/trace/span-limits.js';
import type { Trace } from '../../src/trace/trace.js';
import { ServiceProcess } from '../support/service-process.js';

function newTrace(): Trace {
  const id = (): string => 'id';
  return openTrace(
    {},
    {
      application: { service: 'test', inFlight: 0 },
      newTraceId,
      newRequestId: id,
      newSessionId: id,
      w3cOnly: false,
      isTrustedHost: undefined,
      idHeaders: [],
      responseHeaders: [],
    },
    { transport: 'manual', startedAt: 0 },
  );
}

/** Runs a function in a trace and gives back the trace with its spans. */
async function traced(fn: () => unknown): Promise<Trace> {
  const trace = newTrace();
  await runWithTrace(trace, async () => fn());
  return trace;
}

async function* pages(ms: number): AsyncGenerator<number> {
  await sleep(ms);
  yield 1;
}

const failure = new Error('failure');
const names = (trace: Trace) =>
  trace.spans?.map(({ name, failed }) => (failed ? `${name}!` : name));

describe('a span', () => {
  it('measures a synchronous function and returns its result', async () => {
    const trace = await traced(() => expect(runSpan('work', () => 42)).toBe(42));
    expect(names(trace)).toEqual(['work']);
    expect(trace.spans?.[0]?.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('measures a promise and resolves to its value', async () => {
    const trace = await traced(async () => {
      expect(await runSpan('wait', () => sleep(5, 'done'))).toBe('done');
    });
    expect(trace.spans?.[0]?.durationMs).toBeGreaterThanOrEqual(4);
  });

  it('handles no rejection: one that is unhandled reaches the process, and no other', async () => {
    const service = await ServiceProcess.start('test/spans/rejections.process.ts');
    await service.stop();
    expect(service.ready).toEqual({
      reached: [
        ...['span that is not handled', 'span that is emitted'],
        ...['method that is not handled', 'method that is emitted'],
      ],
    });
  });

  it.each([
    ['by itself', runSpan],
    ['as a method', runSpan],
  ])('%s reads no missing property of an object that throws for it', async (_, run) => {
    const strict = new Proxy(
      { port: 80 },
      {
        get(target, key) {
          if (key in target) return target.port;
          throw new ReferenceError(`${String(key)} is not set`);
        },
      },
    );
    const trace = await traced(() => expect(run('env', () => strict)).toBe(strict));
    expect(names(trace)).toEqual(['env']);
  });

  it('does not start a lazy promise of another class', async () => {
    let runs = 0;
    class LazyPromise extends Promise<string> {
      static override get [Symbol.species]() {
        return Promise;
      }
      // oxlint-disable-next-line unicorn/no-thenable
      override then(...args: any[]): any {
        return Promise.resolve(`run ${++runs}`).then(...args);
      }
      raw(): string {
        return 'raw';
      }
    }
    const lazy = (): LazyPromise => new LazyPromise(() => {});
    await traced(async () => {
      expect((runSpan('raw', lazy) as LazyPromise).raw()).toBe('raw');
      expect(runSpan('raw', lazy).raw()).toBe('raw');
      expect(runs).toBe(0);
      expect(await runSpan('used', lazy as () => Promise<string>)).toBe('run 1');
    });
  });

  it('ends with a thenable on which only catch is called', async () => {
    const query = {
      then: (done?: any, fail?: any) => Promise.reject(failure).then(done, fail),
      catch(fail: (error: unknown) => unknown) {
        return this.then(undefined, fail);
      },
      finally(end: () => void) {
        return Promise.reject(failure).finally(end);
      },
    };
    const trace = await traced(async () => {
      expect(await runSpan('caught', () => query).catch((error) => error)).toBe(failure);
      await expect(runSpan('left', () => query).finally(() => {})).rejects.toBe(failure);
    });
    expect(names(trace)).toEqual(['caught!', 'left!']);
  });

  it('rethrows the very error, thrown or rejected', async () => {
    const trace = await traced(async () => {
      expect(() =>
        runSpan('throws', () => {
          throw failure;
        }),
      ).toThrow(failure);
      await expect(runSpan('rejects', () => Promise.reject(failure))).rejects.toBe(failure);
    });
    expect(names(trace)).toEqual(['throws!', 'rejects!']);
    expect(trace.spans?.map(({ error }) => error)).toEqual([failure, failure]);
  });

  it('runs a lazy query once, when it is awaited', async () => {
    let runs = 0;
    const query = {
      where: () => query,
      then: <T>(done: (rows: string[]) => T) => sleep(5).then(() => done([`run ${++runs}`])),
    };
    const trace = await traced(async () => {
      expect(await runSpan('query', () => query)).toEqual(['run 1']);
    });
    expect(runs).toBe(1);
    expect(trace.spans?.[0]?.durationMs).toBeGreaterThanOrEqual(4);
  });

  it('measures an observable while it is consumed', async () => {
    const trace = await traced(async () => {
      const values = runSpan('stream', () => timer(5).pipe(map(() => 'late')));
      expect(await lastValueFrom(values)).toBe('late');
      await expect(lastValueFrom(runSpan('breaks', () => throwError(() => failure)))).rejects.toBe(
        failure,
      );
      await firstValueFrom(runSpan('left early', () => of(1, 2, 3)).pipe(toArray()));
    });
    expect(names(trace)).toEqual(['stream', 'breaks!', 'left early']);
    expect(trace.spans?.[0]?.durationMs).toBeGreaterThanOrEqual(4);
  });

  describe.each([
    ['by itself', runSpan as typeof runSpan],
    ['as a method', runSpan],
  ])('%s', (_, run) => {
    it.each<[string, () => unknown]>([
      ['an observable of a promise', () => of(sleep(10))],
      ['an observable of several', () => from([sleep(10), sleep(1)])],
      ['a promise of an observable', async () => timer(10)],
      ['a promise of an observable of a promise', async () => of(sleep(10))],
      ['a promise of an async generator', async () => pages(10)],
    ])('lasts as long as %s', async (_kind, fn) => {
      const trace = await traced(async () => {
        const result = await run('work', fn);
        if (isObservable(result)) await Promise.all(await lastValueFrom(result.pipe(toArray())));
        else for await (const page of result as AsyncIterable<unknown>) expect(page).toBe(1);
      });
      expect(trace.spans![0]!.durationMs).toBeGreaterThanOrEqual(9);
      expect(trace.spans![0]!.failed).toBe(false);
    });

    it('lasts until what it emitted is settled, though its consumer has unsubscribed', async () => {
      const trace = await traced(() =>
        firstValueFrom(run('work', () => concat(of(sleep(10)), NEVER)) as Observable<unknown>),
      );
      expect(trace.spans![0]!.durationMs).toBeGreaterThanOrEqual(9);
    });

    it('fails with a promise that it emitted, once it has ended', async () => {
      const trace = await traced(async () => {
        const values = run('work', () =>
          concat(of(sleep(1).then(() => Promise.reject(failure))), timer(10)),
        );
        await lastValueFrom(
          (values as Observable<unknown>).pipe(
            mergeMap(async (value) => Promise.allSettled([value])),
          ),
        );
      });
      expect(trace.spans![0]).toMatchObject({ failed: true, error: failure });
      expect(trace.spans![0]!.durationMs).toBeGreaterThanOrEqual(9);
    });

    it('is not around what consumes its values', async () => {
      const trace = await traced(() =>
        runSpan('outer', () => {
          const values = run('values', () =>
            timer(1).pipe(mergeMap(() => runSpan('inner', async () => 1))),
          );
          return lastValueFrom(
            (values as Observable<number>).pipe(
              mergeMap((value) => runSpan('consumer', async () => value)),
              finalize(() => runSpan('end', () => {})),
            ),
          );
        }),
      );
      expect(trace.spans!.map(({ name, depth }) => [name, depth])).toEqual([
        ['outer', 0],
        ['values', 1],
        ['inner', 2],
        ['consumer', 1],
        ['end', 1],
      ]);
    });

    it('has no part in what another request consumes of its result', async () => {
      let shared: unknown;
      const load = defer(() => runSpan('load', async () => 1));
      const trace = await traced(async () => {
        shared = run('shared', () => load);
        await lastValueFrom(shared as Observable<unknown>);
      });
      const other = await traced(() => lastValueFrom(shared as Observable<unknown>));
      expect(names(trace)).toEqual(['shared', 'load']);
      expect(names(other)).toEqual(['load']);
      expect(other.spans![0]!.parentSpanId).toBe(other.spanId);
    });
  });

  it('takes no more of an observable than its subscriber', async () => {
    let taken = 0;
    function* numbers() {
      while (taken < 100) yield ++taken;
    }
    await traced(async () => {
      const values = runSpan('stream', () => from(numbers()));
      expect(await lastValueFrom(values.pipe(take(3), toArray()))).toEqual([1, 2, 3]);
    });
    expect(taken).toBe(3);
  });

  it('measures an async generator to its end, its error or its return', async () => {
    async function* numbers(fails: boolean) {
      yield 1;
      await sleep(2);
      if (fails) throw failure;
      yield 2;
    }
    const trace = await traced(async () => {
      const seen: number[] = [];
      for await (const n of runSpan('all', () => numbers(false))) seen.push(n);
      expect(seen).toEqual([1, 2]);
      for await (const _ of runSpan('left', () => numbers(false))) break;
      await expect(async () => {
        for await (const _ of runSpan('broken', () => numbers(true)));
      }).rejects.toBe(failure);
    });
    expect(names(trace)).toEqual(['all', 'left', 'broken!']);
    expect(trace.spans?.every(({ durationMs }) => durationMs !== undefined)).toBe(true);
  });

  it('nests, and gives its id to what is logged inside', async () => {
    const trace = await traced(() =>
      runSpan('outer', async () => {
        const outer = currentScope()!.spanId;
        await runSpan('inner', async () => {
          await sleep(1);
          expect(currentScope()!.spanId).not.toBe(outer);
        });
        expect(currentScope()!.spanId).toBe(outer);
      }),
    );
    const [outer, inner] = trace.spans!;
    expect(outer!.parentSpanId).toBe(trace.spanId);
    expect(inner!.parentSpanId).toBe(outer!.spanId);
  });

  it('keeps siblings that overlap apart', async () => {
    const ids: string[] = [];
    const trace = await traced(() =>
      Promise.all(
        [3, 1, 2].map((ms) =>
          runSpan(`wait ${ms}`, async () => {
            await sleep(ms);
            ids.push(currentScope()!.spanId);
          }),
        ),
      ),
    );
    expect(new Set(ids)).toEqual(new Set(trace.spans!.map(({ spanId }) => spanId)));
    expect(trace.spans!.every(({ parentSpanId }) => parentSpanId === trace.spanId)).toBe(true);
  });

  it('sees the fields that were set before and inside it', async () => {
    const trace = newTrace();
    await runWithTrace(trace, async () => {
      trace.setField('a', 1);
      await runSpan('inner', async () => {
        expect(currentScope()!.fields).toEqual({ a: 1 });
        trace.setField('b', 2);
        expect(currentScope()!.fields).toEqual({ a: 1, b: 2 });
      });
    });
  });

  it('just runs outside a trace', () => {
    expect(runSpan('nowhere', () => 1)).toBe(1);
  });

  it(`keeps ${MAX_SPANS} for each request and counts the rest`, async () => {
    let runs = 0;
    const trace = await traced(() => {
      for (let i = 0; i < MAX_SPANS + 5; i++) runSpan(`step ${i}`, () => runs++);
    });
    expect(runs).toBe(MAX_SPANS + 5);
    expect(trace.spans).toHaveLength(MAX_SPANS);
    expect(trace.spanList?.dropped).toBe(5);
  });

  it('becomes a step: name, start, milliseconds, the failed one marked', async () => {
    const trace = await traced(async () => {
      await runSpan('first', () => sleep(2));
      await runSpan('second', () => Promise.reject(failure)).catch(() => {});
      void runSpan('unfinished', () => sleep(50));
    });
    const [first, second, unfinished] = stepsOf(trace)!;
    expect(first).toEqual({
      name: 'first',
      start_ms: expect.any(Number),
      duration_ms: expect.any(Number),
    });
    expect(second).toMatchObject({ name: 'second', failed: true });
    expect(second!.start_ms).toBeGreaterThanOrEqual(first!.start_ms + first!.duration_ms!);
    expect(unfinished).toEqual({ name: 'unfinished', start_ms: expect.any(Number) });
  });
});
