import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { runSpan } from '../../src/spans/run-span.js';
import { droppedSteps, stepsOf } from '../../src/spans/steps.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { MAX_EQUAL_SIBLINGS } from '../../src/trace/folded-spans.js';
import { MAX_SPANS } from '../../src/trace/span-list.js';
import type { Trace } from '../../src/trace/trace.js';

async function traced(fn: () => unknown): Promise<Trace> {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await runWithTrace(trace, async () => fn());
  return trace;
}

const failure = new Error('failure');
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

  it('is the whole duration when nothing runs inside, and then it is omitted', async () => {
    const trace = await traced(() => runSpan('alone', () => work(1)));
    expect(trace.spans![0]!.selfMs).toBe(trace.spans![0]!.durationMs);
    expect(stepsOf(trace)![0]).not.toHaveProperty('self_ms');
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
