import { types } from 'node:util';
import { align } from './entry-table.js';
import type { LogCapture } from './log-capture.js';
import {
  failure,
  hint,
  print,
  type MatcherContext,
  type MatcherResult,
} from './matcher-context.js';
import type { RecordedStep } from './recorded-step.js';

/**
 * The name of a step, or a pattern of names.
 *
 * @publicApi
 */
export type StepName = string | RegExp;

/**
 * Steps that a request is expected to have: at least one of this name, or as many as it says.
 *
 * @publicApi
 *
 * @example
 * const expected: ExpectedStep[] = ['OrdersService.find', { name: /^SELECT/, atMost: 3 }];
 */
export type ExpectedStep =
  | StepName
  | {
      readonly name: StepName;
      /** Default: 1, or 0 with `atMost: 0`. */
      readonly atLeast?: number | undefined;
      /** Default: no limit. */
      readonly atMost?: number | undefined;
    };

/**
 * Options of `toHaveNoRepeatedSteps`.
 *
 * @publicApi
 */
export interface RepeatedStepsOptions {
  /** How many equal calls below one parent are not yet a repetition. Default: 1. */
  readonly atMost?: number | undefined;
  /** Which names are looked at. Default: all calls to databases and caches. */
  readonly name?: StepName | undefined;
}

type Steps = Pick<LogCapture, 'stepsOf'>;

/** The number of steps that a failure shows. */
const MAX_ROWS = 40;

/** The matchers for the steps of a request. */
export const stepMatchers = { toHaveSteps, toHaveNoRepeatedSteps };

function toHaveSteps(
  this: MatcherContext,
  logs: Steps,
  requestId: string,
  expected: readonly ExpectedStep[],
): MatcherResult {
  const steps = logs.stepsOf(requestId);
  const wanted = expected.map(boundsOf);
  const results = wanted.map(({ name, atLeast, atMost }) => {
    const count = countOf(steps.filter((step) => isNamed(step, name)));
    return { name, atLeast, atMost, count, isMet: count >= atLeast && count <= atMost };
  });
  const pass = results.every(({ isMet }) => isMet);
  return {
    pass,
    message: () =>
      failure(
        hint(this, 'toHaveSteps', 'requestId', 'expected'),
        [
          `Expected${pass ? ' not' : ''}:`,
          ...align(
            results.map(({ name, atLeast, atMost, count, isMet }) => [
              isMet ? 'met' : 'not met',
              print(this, name),
              boundsText(atLeast, atMost),
              `found ${count}`,
            ]),
          ),
        ].join('\n'),
        stepTable(steps),
      ),
  };
}

function toHaveNoRepeatedSteps(
  this: MatcherContext,
  logs: Steps,
  requestId: string,
  { atMost = 1, name }: RepeatedStepsOptions = {},
): MatcherResult {
  const steps = logs.stepsOf(requestId);
  const looked = steps.filter((step) =>
    name === undefined ? step.database !== undefined : isNamed(step, name),
  );
  const counts = new Map<string, { name: string; count: number }>();
  for (const step of looked) {
    const key = `${step.parentSpanId ?? ''} ${step.name}`;
    const group = counts.get(key) ?? { name: step.name, count: 0 };
    group.count += step.count;
    counts.set(key, group);
  }
  const repeated = [...counts.values()].filter(({ count }) => count > atMost);
  const pass = repeated.length === 0;
  return {
    pass,
    message: () =>
      failure(
        hint(this, 'toHaveNoRepeatedSteps', 'requestId'),
        pass
          ? `Expected more than ${atMost} equal steps below one parent.`
          : [
              `More than ${atMost} below one parent:`,
              ...align(repeated.map((step) => [step.name, `${step.count} times`])),
            ].join('\n'),
        stepTable(steps),
      ),
  };
}

function boundsOf(expected: ExpectedStep): { name: StepName; atLeast: number; atMost: number } {
  if (isName(expected)) return { name: expected, atLeast: 1, atMost: Infinity };
  const {
    name,
    atMost = Infinity,
    atLeast = atMost === 0 ? 0 : 1,
  } = Object(expected) as Exclude<ExpectedStep, StepName>;
  if (!isName(name)) {
    throw new TypeError('A step is expected by a name, a pattern, or an object with a `name`.');
  }
  return { name, atLeast, atMost };
}

function isName(value: unknown): value is StepName {
  return typeof value === 'string' || types.isRegExp(value);
}

function boundsText(atLeast: number, atMost: number): string {
  if (atMost === Infinity) return `at least ${atLeast}`;
  return atLeast === atMost ? `exactly ${atMost}` : `${atLeast} to ${atMost}`;
}

/** Unlike `test`, `search` does not change the state of a global or sticky pattern. */
function isNamed(step: RecordedStep, name: StepName): boolean {
  return typeof name === 'string' ? step.name === name : step.name.search(name) !== -1;
}

function countOf(steps: readonly RecordedStep[]): number {
  return steps.reduce((sum, { count }) => sum + count, 0);
}

function stepTable(steps: readonly RecordedStep[]): string {
  if (steps.length === 0) return 'Steps: none';
  const shown = steps.slice(0, MAX_ROWS);
  const title = shown.length < steps.length ? ` (the first ${MAX_ROWS} of ${steps.length})` : '';
  const rows = shown.map(({ name, depth, durationMs, count, failed }) => [
    `${'  '.repeat(depth)}${name}`,
    durationMs === undefined ? 'did not end' : `${durationMs} ms`,
    `${count > 1 ? `${count} times` : ''}${failed ? ' failed' : ''}`.trim(),
  ]);
  return [`Steps${title}:`, ...align(rows)].join('\n');
}
