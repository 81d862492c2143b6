import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openSpanBelow } from '../../src/spans/open-span.js';
import { runSpan } from '../../src/spans/run-span.js';
import { stepsOf } from '../../src/spans/steps.js';
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
