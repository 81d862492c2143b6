import { describe, expect, it } from '@jest/globals';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openSpanBelow } from '../../src/spans/open-span.js';
import { stepsOf } from '../../src/spans/steps.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { MAX_SPANS } from '../../src/trace/span-limits.js';
import type { Span } from '../../src/trace/span.js';
import type { Trace } from '../../src/trace/trace.js';

const newTrace = (): Trace => {
  const { policy } = resolveOptions();
  return openTrace({}, policy, { transport: 'test', startedAt: 0 });
};
const open = (trace: Trace, name: string, parent?: Span): Span =>
  runWithTrace(trace, () => openSpanBelow(trace, parent, { name })!);
const failedNames = (trace: Trace): string[] =>
  stepsOf(trace)!
    .filter(({ failed }) => failed)
    .map(({ name }) => name);
const fill = (trace: Trace, count: number): Span[] =>
  Array.from({ length: count }, (_, i) => open(trace, `call ${i}`));

describe('a span that fails beyond the limit', () => {
  it('does not take the place of the one around it', () => {
    const trace = newTrace();
    for (const span of fill(trace, MAX_SPANS - 1)) span.end();
    const around = open(trace, 'around');
    open(trace, 'inside', around).fail(new Error('gone'));
    around.end();

    const steps = stepsOf(trace)!;
    expect(steps).toHaveLength(MAX_SPANS);
    expect(steps.slice(-2)).toMatchObject([
      { name: 'around' },
      { name: 'inside', depth: 1, failed: true, error: 'Error: gone' },
    ]);
    expect(trace.droppedSpans).toBe(1);
  });

  it.each([
    ['running', false],
    ['ended', true],
  ])('brings back the one around it that was displaced, %s', (_state, hasEnded) => {
    const trace = newTrace();
    for (const span of fill(trace, MAX_SPANS - 1)) span.end();
    const around = open(trace, 'around');
    const inside = open(trace, 'inside', around);
    open(trace, 'other').fail(new Error('first'));
    expect(stepsOf(trace)!.map(({ name }) => name)).not.toContain('around');
    if (hasEnded) around.end();
    inside.fail(new Error('second'));
    around.end();

    const steps = stepsOf(trace)!;
    expect(steps).toHaveLength(MAX_SPANS);
    expect(steps.slice(-3)).toMatchObject([
      { name: 'around', duration_ms: expect.any(Number) },
      { name: 'inside', depth: 1, failed: true },
      { name: 'other', failed: true },
    ]);
    expect(trace.droppedSpans).toBe(2);
  });

  it('is listed with two of those around it, or not at all', () => {
    const trace = newTrace();
    const first = fill(trace, MAX_SPANS - 2);
    const outer = open(trace, 'outer');
    const around = open(trace, 'around', outer);
    const inside = open(trace, 'inside', around);
    for (const span of first) span.fail(new Error('all of them'));
    inside.fail(new Error('last'));
    around.end();
    outer.end();

    const steps = stepsOf(trace)!;
    expect(steps.length).toBeLessThanOrEqual(MAX_SPANS);
    expect(steps.length + trace.droppedSpans).toBe(MAX_SPANS + 1);
    expect(failedNames(trace)).not.toContain('inside');
  });

  it('has room again when others are displaced: each failed one is there, up to the limit', () => {
    const trace = newTrace();
    for (const span of fill(trace, MAX_SPANS)) span.end();
    for (let i = 0; i < MAX_SPANS; i++) {
      const around = open(trace, `around ${i}`);
      open(trace, `inside ${i}`, around).fail(new Error(`${i}`));
      around.end();
    }
    const steps = stepsOf(trace)!;
    expect(steps.length).toBeLessThanOrEqual(MAX_SPANS);
    expect(steps.length + trace.droppedSpans).toBe(MAX_SPANS * 3);
    expect(failedNames(trace).length).toBeGreaterThanOrEqual(MAX_SPANS / 2);
  });
});

describe('a span that begins below one that has ended', () => {
  it('takes none of its time', () => {
    const trace = newTrace();
    const around = open(trace, 'around');
    around.end();
    const late = open(trace, 'late', around);
    const until = performance.now() + 2;
    while (performance.now() < until);
    late.end();
    expect(around.selfMs).toBe(around.durationMs);
    expect(around.hasChildren).toBe(true);
  });
});

describe('spans that overlap', () => {
  it('are below what began them, siblings as they began', () => {
    const trace = newTrace();
    const [first, second] = [open(trace, 'first'), open(trace, 'second')];
    for (const [name, parent] of [
      ['a', first],
      ['b', second],
      ['c', first],
    ] as const) {
      open(trace, name, parent).end();
    }
    second.end();
    first.end();
    const names = stepsOf(trace)!.map(({ name }) => name);
    expect(names).toEqual(['first', 'a', 'c', 'second', 'b']);
  });
});
