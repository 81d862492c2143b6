import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openSpanBelow } from '../../src/spans/open-span.js';
import { runAutoSpan, runSpan } from '../../src/spans/run-span.js';
import { stepsOf, stepsOnLine } from '../../src/spans/steps.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { MAX_EQUAL_SIBLINGS } from '../../src/trace/folded-spans.js';
import { MAX_SPANS } from '../../src/trace/span-limits.js';
import type { Span } from '../../src/trace/span.js';
import type { Trace } from '../../src/trace/trace.js';

async function traced(fn: () => unknown): Promise<Trace> {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await runWithTrace(trace, async () => fn());
  return trace;
}

const failure = new Error('failure');
const droppedSteps = ({ droppedSpans }: Trace): number | undefined => droppedSpans || undefined;
const fail = (): never => {
  throw failure;
};
const fail2 = (): never => {
  throw new Error('other');
};
const attempt = (fn: () => unknown): void => {
  try {
    fn();
  } catch {
    // The test looks at the span.
  }
};
/** Keeps the processor busy, so that a span lasts at least that long and barely longer. */
const work = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};
const times = (count: number, fn: (index: number) => void): void => {
  for (let i = 0; i < count; i++) fn(i);
};

describe('equal siblings', () => {
  it.each([
    [MAX_EQUAL_SIBLINGS, MAX_EQUAL_SIBLINGS],
    [MAX_EQUAL_SIBLINGS + 1, 1 + 3],
    [500, 1 + 3],
  ])('%i of them become %i steps', async (count, steps) => {
    const trace = await traced(() => times(count, () => runSpan('query', () => {})));
    expect(stepsOf(trace)).toHaveLength(steps);
  });

  it('become one with their count and sum; the slowest three and every failed one are kept', async () => {
    const slow = new Set([7, 23, 61]);
    const broken = new Set([11, 40, 41, 99]);
    const trace = await traced(() =>
      times(100, (i) =>
        attempt(() =>
          runSpan('query', () => {
            if (slow.has(i)) work(3);
            if (broken.has(i)) fail();
          }),
        ),
      ),
    );
    const [sum, ...kept] = stepsOf(trace)!;
    expect(sum).toEqual({
      name: 'query',
      start_ms: expect.any(Number),
      duration_ms: expect.any(Number),
      count: 100,
    });
    expect(sum!.duration_ms).toBeGreaterThanOrEqual(9);
    expect(kept.filter(({ failed }) => failed)).toHaveLength(broken.size);
    const slowest = kept.filter(({ failed }) => !failed);
    expect(slowest).toHaveLength(3);
    expect(slowest.every(({ duration_ms: ms }) => ms! >= 3)).toBe(true);
  });

  it.each([MAX_EQUAL_SIBLINGS, MAX_EQUAL_SIBLINGS + 1])(
    '%i of them that failed are each kept, with their errors',
    async (count) => {
      const trace = await traced(() =>
        Promise.all(
          Array.from({ length: count }, (_, i) =>
            runSpan('call', async () => {
              await sleep((i * 7) % 5);
              throw new Error(`call ${i}`);
            }).catch(() => {}),
          ),
        ),
      );
      const steps = stepsOf(trace)!;
      const sum = count > MAX_EQUAL_SIBLINGS ? [count] : [];
      expect(steps.flatMap((step) => step.count ?? [])).toEqual(sum);
      expect(steps.flatMap(({ error }) => error ?? [])).toEqual(
        Array.from({ length: count }, (_, i) => `Error: call ${i}`),
      );
    },
  );

  it('take what happened inside them along', async () => {
    const trace = await traced(() =>
      times(30, () => runSpan('outer', () => runSpan('inner', () => runSpan('core', () => {})))),
    );
    const names = stepsOf(trace)!.map(({ name }) => name);
    expect(names).toEqual(['outer', ...[1, 2, 3].flatMap(() => ['outer', 'inner', 'core'])]);
  });

  it('are those of one parent: the same name elsewhere is another matter', async () => {
    const trace = await traced(() =>
      times(5, (i) => runSpan(`page ${i}`, () => times(10, () => runSpan('query', () => {})))),
    );
    expect(stepsOf(trace)!.filter(({ name }) => name === 'query')).toHaveLength(50);
    expect(stepsOf(trace)!.some(({ count }) => count !== undefined)).toBe(false);
  });

  it('that overlap are folded when they end', async () => {
    const trace = await traced(() =>
      Promise.all(Array.from({ length: 50 }, async () => runSpan('call', () => sleep(2)))),
    );
    expect(stepsOf(trace)).toMatchObject([{ count: 50 }, {}, {}, {}]);
  });

  it('leave room for what comes after thousands of them', async () => {
    const trace = await traced(() => {
      times(MAX_SPANS * 3, () => runSpan('cache get', () => {}));
      attempt(() => runSpan('the one that fails', fail));
    });
    expect(droppedSteps(trace)).toBeUndefined();
    expect(stepsOf(trace)!.at(-1)).toMatchObject({ name: 'the one that fails', failed: true });
  });
});

describe('the limit', () => {
  it('counts what is beyond it', async () => {
    const trace = await traced(() => times(MAX_SPANS + 5, (i) => runSpan(`${i}`, () => {})));
    expect(stepsOf(trace)).toHaveLength(MAX_SPANS);
    expect(droppedSteps(trace)).toBe(5);
  });

  it('is never exceeded, and nothing is lost, for any spans', () => {
    const names = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean()), {
      maxLength: 3000,
      size: 'max',
    });
    fc.assert(
      fc.property(names, (spans) => {
        const { policy } = resolveOptions();
        const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
        runWithTrace(trace, () => {
          for (const [name, fails] of spans) {
            attempt(() => runSpan(`span ${name}`, fails ? fail : () => {}));
          }
        });
        const steps = stepsOf(trace) ?? [];
        const kept = steps.filter(({ count }) => count === undefined);
        expect(kept.length).toBeLessThanOrEqual(MAX_SPANS);
        const failed = spans.filter(([, fails]) => fails).length;
        const dropped = droppedSteps(trace) ?? 0;
        expect(kept.filter((step) => step.failed).length).toBeGreaterThanOrEqual(failed - dropped);
        const folded = steps.filter(({ count }) => count !== undefined);
        const inFold = new Set(folded.map(({ name }) => name));
        const single = kept.filter(({ name }) => !inFold.has(name)).length;
        const counted = folded.reduce((sum, { count = 0 }) => sum + count, 0);
        expect(single + counted + dropped).toBe(spans.length);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a span that failed', () => {
  const reserve = (broken: boolean, error: unknown = failure): void =>
    attempt(() =>
      runSpan('reserve', () => {
        if (broken) throw error;
      }),
    );

  it('is kept with those around it, where these are folded', async () => {
    const trace = await traced(() =>
      times(30, (i) =>
        runSpan('item', () => reserve(i % 10 === 4, new Error(`item ${i} is gone`))),
      ),
    );
    const steps = stepsOf(trace)!;
    expect(steps[0]).toMatchObject({ name: 'item', count: 30 });
    expect(steps.filter(({ failed }) => failed)).toMatchObject(
      [4, 14, 24].map((i) => ({ name: 'reserve', depth: 1, error: `Error: item ${i} is gone` })),
    );
    // 3 slowest items with what is in them, and 3 with a failed one.
    expect(steps).toHaveLength(1 + 2 * (3 + 3));
    expect(droppedSteps(trace)).toBeUndefined();
  });

  it('is kept where the span around it had been removed when it failed', async () => {
    let reject: ((error: Error) => void)[] = [];
    const trace = await traced(async () => {
      const late: Promise<unknown>[] = [];
      times(40, () => {
        runSpan('item', () => {
          const call = runSpan('call', () => new Promise((_, no) => reject.push(no)));
          late.push(call.catch(() => {}));
        });
      });
      // Another one for which room is made.
      times(MAX_SPANS, (i) => runSpan(`other ${i}`, () => {}));
      reject.forEach((no, i) => no(new Error(`call ${i}`)));
      reject = [];
      await Promise.all(late);
    });
    const failed = stepsOf(trace)!.filter((step) => step.failed);
    expect(failed.map(({ error }) => error)).toEqual(
      Array.from({ length: 40 }, (_, i) => `Error: call ${i}`),
    );
    expect(failed.every(({ depth }) => depth === 1)).toBe(true);
  });

  it('takes the place of one that did not, where there are too many', async () => {
    const trace = await traced(async () => {
      const calls = Array.from({ length: MAX_SPANS + 500 }, (_, i) =>
        runSpan(`call ${i}`, async () => {
          await sleep(1);
          if (i === 3 || i === MAX_SPANS + 400) throw new Error(`call ${i} failed`);
        }).catch(() => {}),
      );
      await Promise.all(calls);
    });
    const steps = stepsOf(trace)!;
    expect(steps).toHaveLength(MAX_SPANS);
    expect(droppedSteps(trace)).toBe(500);
    expect(steps.filter(({ failed }) => failed).map(({ name }) => name)).toEqual([
      'call 3',
      `call ${MAX_SPANS + 400}`,
    ]);
  });

  it('has the error if it arose there, and not if it was only passed on', async () => {
    const trace = await traced(() => {
      attempt(() => runSpan('a', () => runSpan('b', () => runSpan('c', fail))));
      attempt(() => runSpan('again', fail));
      attempt(() =>
        runSpan('wrapping', () => {
          try {
            runSpan('inner', fail2);
          } catch (cause) {
            throw new TypeError('no stock', { cause });
          }
        }),
      );
    });
    expect(stepsOf(trace)!.map(({ name, failed, error }) => [name, failed, error])).toEqual([
      ['a', true, undefined],
      ['b', true, undefined],
      ['c', true, 'Error: failure'],
      ['again', true, undefined],
      ['wrapping', true, 'TypeError: no stock'],
      ['inner', true, 'Error: other'],
    ]);
  });

  it('has a text that was thrown once, and equal texts elsewhere too', async () => {
    const thrown = (): never => {
      throw 'out of stock';
    };
    const trace = await traced(() => {
      attempt(() => runSpan('a', () => runSpan('b', thrown)));
      attempt(() => runSpan('c', thrown));
    });
    expect(stepsOf(trace)!.map(({ error }) => error)).toEqual([
      undefined,
      'out of stock',
      'out of stock',
    ]);
  });
});

describe('a line', () => {
  const bytes = (trace: Trace): number => JSON.stringify(stepsOnLine(trace).steps).length;

  it('has the failed steps and those around them, the sums and the slowest', async () => {
    const trace = await traced(() => {
      times(60, (i) => {
        runSpan(`OrdersService.step${i}`, () => {
          if (i === 17) work(3);
          if (i === 31) attempt(() => runSpan('call', () => runSpan('inner', fail)));
        });
      });
      times(25, () => runSpan('query', () => {}));
    });
    const { steps = [], dropped = 0 } = stepsOnLine(trace);
    const names = steps.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['OrdersService.step17', 'call', 'inner']));
    expect(names[names.indexOf('call') - 1]).toBe('OrdersService.step31');
    expect(steps.find(({ count }) => count !== undefined)).toMatchObject({ count: 25 });
    expect(bytes(trace)).toBeLessThanOrEqual(2400);
    const single = steps.filter(({ name }) => name !== 'query').length;
    expect(single + dropped).toBe(62);
  });

  it('has what took long and the sums, also where very many steps failed', async () => {
    const trace = await traced(() => {
      times(300, () => runSpan('query', () => {}));
      runSpan('load', () => work(5));
      times(40, (i) =>
        attempt(() =>
          runSpan('call', () => {
            throw new Error(`item ${i} is out of stock`);
          }),
        ),
      );
    });
    const { steps = [] } = stepsOnLine(trace);
    expect(steps.filter(({ failed }) => failed)).toHaveLength(40);
    expect(steps.map(({ name }) => name)).toContain('load');
    expect(steps.map(({ count }) => count)).toEqual(expect.arrayContaining([300, 40]));
  });

  it('has hundreds of failed steps, and not more than a line has room for', async () => {
    const failing = (count: number): Promise<Trace> =>
      traced(() =>
        times(count, (i) =>
          attempt(() =>
            runSpan(`call ${i}`, () => {
              throw new Error('x'.repeat(i % 2));
            }),
          ),
        ),
      );
    expect(stepsOnLine(await failing(250)).steps).toHaveLength(250);
    const many = await failing(900);
    expect(bytes(many)).toBeLessThanOrEqual(32_768 + 2);
    const { steps = [], dropped = 0 } = stepsOnLine(many);
    expect(steps.length + dropped).toBe(900);
  });
});

describe('a span with a least duration', () => {
  const auto = (name: string, fn: () => unknown): unknown => runAutoSpan(name, 5, fn);

  it('is left out if it was shorter, unless it failed or has one inside', async () => {
    const trace = await traced(async () => {
      auto('short', () => {});
      auto('long', () => work(6));
      attempt(() => auto('short and failed', fail));
      auto('around', () => auto('long inside', () => work(6)));
      auto('around a failed one', () => attempt(() => auto('inner', fail2)));
      auto('around short ones', () => times(30, () => auto('short', () => {})));
      let late: Promise<unknown> | undefined;
      auto('around a late one', () => {
        late = sleep(1).then(() => runSpan('late', () => {}));
      });
      await late;
    });
    expect(stepsOf(trace)!.map(({ name, depth = 0 }) => [name, depth])).toEqual([
      ['long', 0],
      ['short and failed', 0],
      ['around', 0],
      ['long inside', 1],
      ['around a failed one', 0],
      ['inner', 1],
      ['around a late one', 0],
      ['late', 1],
    ]);
    expect(droppedSteps(trace)).toBeUndefined();
  });

  it.each([
    [4.999, []],
    [5, ['call']],
    [5.001, ['call']],
  ])('of 5 ms that took %d ms: %j', async (ms, names) => {
    let now = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      const trace = await traced(() =>
        auto('call', () => {
          now = ms;
        }),
      );
      expect((stepsOf(trace) ?? []).map(({ name }) => name)).toEqual(names);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('time of its own', () => {
  it('is what its children leave', async () => {
    const trace = await traced(() =>
      runSpan('parent', () => {
        work(4);
        runSpan('child', () => work(6));
        runSpan('child', () => work(6));
      }),
    );
    const [parent, ...children] = trace.spans!;
    const taken = children.reduce((sum, { durationMs }) => sum + durationMs!, 0);
    expect(parent!.selfMs).toBeCloseTo(parent!.durationMs! - taken, 6);
    expect(stepsOf(trace)![0]!.self_ms).toBeGreaterThanOrEqual(4);
  });

  it('counts children that overlap once', async () => {
    const trace = await traced(() =>
      runSpan('parent', () => Promise.all([20, 20, 20].map((ms) => runSpan('c', () => sleep(ms))))),
    );
    const [parent, ...children] = trace.spans!;
    const began = children[0]!.startedMs;
    const ended = Math.max(...children.map((child) => child.startedMs + child.durationMs!));
    expect(parent!.selfMs).toBeCloseTo(parent!.durationMs! - (ended - began), 6);
    expect(parent!.selfMs).toBeGreaterThanOrEqual(0);
  });

  it('is not negative when a child outlives it', async () => {
    const trace = await traced(async () => {
      let child: Promise<void> | undefined;
      runSpan('parent', () => {
        child = runSpan('child', () => sleep(10));
      });
      await child;
    });
    expect(trace.spans![0]!.selfMs).toBeGreaterThanOrEqual(0);
    expect(trace.spans![0]!.selfMs).toBeLessThanOrEqual(trace.spans![0]!.durationMs!);
  });

  it('is exact for children that overlap, outlive it, or begin after its end', async () => {
    let now = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      const trace = await traced(() => {});
      const open = (at: number, name: string, parent?: Span): Span => {
        now = at;
        return openSpanBelow(trace, parent, { name })!;
      };
      const end = (at: number, span: Span): void => {
        now = at;
        span.end();
      };
      const parent = open(0, 'parent');
      const first = open(2, 'first', parent);
      const second = open(4, 'second', parent);
      const inner = open(5, 'inner', first);
      end(6, first);
      end(8, second);
      const outliving = open(9, 'outliving', parent);
      end(12, parent);
      end(13, inner);
      end(15, outliving);
      end(20, open(16, 'late', parent));
      expect(stepsOf(trace)).toEqual([
        { name: 'parent', start_ms: 0, duration_ms: 12, self_ms: 12 - (8 - 2) - (12 - 9) },
        { name: 'first', start_ms: 2, duration_ms: 4, self_ms: 3, depth: 1 },
        { name: 'inner', start_ms: 5, duration_ms: 8, depth: 2 },
        { name: 'second', start_ms: 4, duration_ms: 4, depth: 1 },
        { name: 'outliving', start_ms: 9, duration_ms: 6, depth: 1 },
        { name: 'late', start_ms: 16, duration_ms: 4, depth: 1 },
      ]);
    } finally {
      clock.mockRestore();
    }
  });

  it('is the whole duration when nothing runs inside, and then it is omitted', async () => {
    const trace = await traced(() => runSpan('alone', () => work(1)));
    expect(trace.spans![0]!.selfMs).toBe(trace.spans![0]!.durationMs);
    expect(stepsOf(trace)![0]).not.toHaveProperty('self_ms');
  });
});

/** Spans in a random tree: some run after others of the same parent, some beside them. */
type Tree = readonly { readonly name: number; readonly ms: number; readonly inner: Tree }[];
const treeOf = (levels: number): fc.Arbitrary<Tree> =>
  fc.array(
    fc.record({
      name: fc.integer({ min: 0, max: 3 }),
      ms: fc.integer({ min: 0, max: 3 }),
      inner: levels === 0 ? fc.constant([]) : treeOf(levels - 1),
    }),
    { maxLength: 3, size: 'max' },
  );

const runTree = (spans: Tree): Promise<unknown> =>
  Promise.all(
    spans.map(async ({ name, ms, inner }) => {
      if (ms % 2 === 1) await sleep(ms);
      await runSpan(`span ${name}`, async () => {
        await sleep(ms);
        await runTree(inner);
      });
    }),
  );

/** The parent of each record according to the depths alone. */
function parentsByDepth({ spans = [], spanId }: Trace): (string | undefined)[] {
  return spans.map(({ depth }, i) => {
    const parent = spans.slice(0, i).findLast((before) => before.depth < depth);
    return parent === undefined ? spanId : parent.spanId;
  });
}

describe('the order', () => {
  it('puts a step below the branch that made it, whatever ran at the same time', async () => {
    const trace = await traced(() =>
      Promise.all([
        runSpan('load prices', async () => {
          await sleep(5);
          await runSpan('find prices', () => sleep(10));
        }),
        runSpan('load names', () => runSpan('find names', () => sleep(20))),
      ]),
    );
    expect(stepsOf(trace)!.map(({ name, depth = 0 }) => [name, depth])).toEqual([
      ['load prices', 0],
      ['find prices', 1],
      ['load names', 0],
      ['find names', 1],
    ]);
  });

  it('puts the sum of folded siblings below their parent, and not among those of another', async () => {
    const trace = await traced(() =>
      Promise.all(
        ['a', 'b'].map((name) =>
          runSpan(name, async () => {
            for (let i = 0; i < 25; i++) await runSpan('query', () => sleep(0));
          }),
        ),
      ),
    );
    const ids = new Map(trace.spans!.map(({ spanId, name }) => [spanId, name]));
    const below = trace.spans!.map(({ parentSpanId, count }) => [ids.get(parentSpanId), count]);
    const kept = (name: string) => [[name, 25], ...[1, 2, 3].map(() => [name, undefined])];
    expect(below).toEqual([
      [undefined, undefined],
      ...kept('a'),
      [undefined, undefined],
      ...kept('b'),
    ]);
  });

  it('has the parent of each step as the nearest one before it that is less deep', async () => {
    await fc.assert(
      fc.asyncProperty(treeOf(4), async (spans) => {
        const trace = await traced(() => runTree(spans));
        const records = trace.spans ?? [];
        expect(records.map(({ parentSpanId }) => parentSpanId)).toEqual(parentsByDepth(trace));
        for (const { spanId } of records) {
          const siblings = records.filter(({ parentSpanId }) => parentSpanId === spanId);
          const starts = siblings.map(({ startedMs }) => startedMs);
          expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is that of a tree as deep as spans may be', async () => {
    const nest = (levels: number): void => {
      if (levels > 0) runSpan('level', () => nest(levels - 1));
    };
    const trace = await traced(() => nest(MAX_SPANS));
    expect(trace.spans!.map(({ depth }) => depth)).toEqual(
      Array.from({ length: MAX_SPANS }).map((_, i) => i),
    );
  });

  it('has no place for what a folded step had started and not awaited', async () => {
    const trace = await traced(() => {});
    const outers = Array.from({ length: 30 }, () =>
      openSpanBelow(trace, undefined, { name: 'outer' })!,
    );
    // Those that end last are the slowest, which are kept.
    const last = performance.now();
    const clock = jest.spyOn(performance, 'now');
    for (const [i, outer] of outers.entries()) {
      clock.mockReturnValue(last + 1_000 * (i + 1));
      outer.end();
    }
    clock.mockRestore();
    // Reading removes the folded steps, before the late one begins.
    expect(trace.spans).toHaveLength(4);
    openSpanBelow(trace, outers[0], { name: 'late' })!.end();
    expect(trace.spans!.map(({ name }) => name)).toEqual(Array.from({ length: 4 }).fill('outer'));
  });
});

describe('depth', () => {
  it('says how many steps a step is inside of', async () => {
    const trace = await traced(() =>
      runSpan('a', () => {
        runSpan('b', () => runSpan('c', () => {}));
        runSpan('d', () => {});
      }),
    );
    expect(stepsOf(trace)!.map(({ name, depth = 0 }) => [name, depth])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 1],
    ]);
  });
});
