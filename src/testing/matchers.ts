import { isAccessLogEntry } from '../records/access-log-text.js';
import { align, entryTable } from './entry-table.js';
import {
  fieldsOf,
  matchesExpected,
  type Equals,
  type ExpectedEntry,
  type ExpectedFields,
} from './expected-entry.js';
import type { LogCapture } from './log-capture.js';
import type { LoggedEntry } from './logged-entry.js';
import {
  failure,
  hint,
  print,
  type MatcherContext,
  type MatcherResult,
} from './matcher-context.js';
import { stepMatchers, type ExpectedStep, type RepeatedStepsOptions } from './step-matchers.js';

/**
 * The types of {@link tracingMatchers}, for the declarations of a test runner. The matchers accept
 * what `captureLogs` returns, and those for entries also lists of them. `import
 * 'nestjs-tracing/testing/jest'` or `'nestjs-tracing/testing/vitest'` declares and adds them.
 *
 * @publicApi
 *
 * @example
 * // Jest's `expect` from `@jest/globals`
 * declare module 'expect' {
 *   interface Matchers<R> extends TracingMatchers<R> {}
 * }
 *
 * // the global one of `@types/jest`
 * declare global {
 *   namespace jest {
 *     interface Matchers<R> extends TracingMatchers<R> {}
 *   }
 * }
 *
 * // Vitest 5; in earlier versions the type parameter is called `T`
 * declare module 'vitest' {
 *   interface Matchers<R> extends TracingMatchers<R> {}
 * }
 */
export interface TracingMatchers<R = unknown> {
  /** At least one entry has this message, or these fields. */
  toHaveLogged(expected: ExpectedEntry): R;
  /** Entries like these were logged in this order, possibly with other entries between them. */
  toHaveLoggedInOrder(expected: readonly ExpectedEntry[]): R;
  /** The request has ended, and its access log line has these fields. */
  toHaveFinished(requestId: string, expected?: ExpectedFields): R;
  /**
   * The request has ended, and took steps like these, in any order and possibly with others: a name,
   * a pattern of names, or either with bounds for their number. Takes what `captureLogs`
   * returns.
   *
   * @example
   * expect(logs).toHaveSteps('req-001', [/^PaymentService/, { name: /^SELECT/, atMost: 3 }]);
   */
  toHaveSteps(requestId: string, expected: readonly ExpectedStep[]): R;
  /**
   * The request has ended, and made no equal calls to a database or a cache below one parent, as a
   * query in a loop does (the "N+1" problem). Takes what `captureLogs` returns.
   *
   * @example
   * expect(logs).toHaveNoRepeatedSteps('req-001');
   * expect(logs).toHaveNoRepeatedSteps('req-002', { atMost: 3 });
   */
  toHaveNoRepeatedSteps(requestId: string, options?: RepeatedStepsOptions): R;
}

/** What `expect` was called with. */
type Logs = Pick<LogCapture, 'entries' | 'finishLines'> | readonly LoggedEntry[];

/**
 * Matchers for `expect.extend`, in Jest and in Vitest.
 *
 * @publicApi
 *
 * @example
 * expect.extend(tracingMatchers);
 *
 * expect(logs).toHaveLogged({ level: 'warn', message: /^Gateway/, latency_ms: expect.any(Number) });
 * expect(logs.ofRequest('req-001')).not.toHaveLogged({ level: 'error' });
 * expect(logs).toHaveFinished('req-001', { status_code: 201 });
 */
export const tracingMatchers = {
  toHaveLogged,
  toHaveLoggedInOrder,
  toHaveFinished,
  ...stepMatchers,
};

function toHaveLogged(this: MatcherContext, logs: Logs, expected: ExpectedEntry): MatcherResult {
  const entries = entriesOf(logs);
  const found = entries.filter((entry) => matchesExpected(entry, expected, this.equals));
  const pass = found.length > 0;
  return {
    pass,
    message: () =>
      failure(
        hint(this, 'toHaveLogged', 'expected'),
        `Expected${pass ? ' not' : ''}: ${print(this, expected)}`,
        loggedTable(this, pass ? found : entries, [expected]),
      ),
  };
}

function toHaveLoggedInOrder(
  this: MatcherContext,
  logs: Logs,
  expected: readonly ExpectedEntry[],
): MatcherResult {
  const entries = entriesOf(logs);
  const count = countInOrder(entries, expected, this.equals);
  const state = (index: number): string => {
    if (index < count) return 'found';
    return index === count ? 'missing' : '';
  };
  const rows = (): string[] =>
    align(expected.map((one, index) => [state(index), print(this, one)]));
  const pass = count === expected.length;
  return {
    pass,
    message: () =>
      failure(
        hint(this, 'toHaveLoggedInOrder', 'expected'),
        [`Expected${pass ? ' not' : ''} in this order:`, ...rows()].join('\n'),
        loggedTable(this, entries, expected),
      ),
  };
}

function toHaveFinished(
  this: MatcherContext,
  logs: Logs,
  requestId: string,
  expected: ExpectedFields = {},
): MatcherResult {
  const lines = accessLogLinesOf(logs);
  const own = lines.filter((line) => line.request_id === requestId);
  const found = own.filter((line) => matchesExpected(line, expected, this.equals));
  const pass = found.length > 0;
  const wanted = Object.keys(expected).length === 0 ? '' : ` with ${print(this, expected)}`;
  return {
    pass,
    message: () =>
      failure(
        hint(this, 'toHaveFinished', 'requestId', 'expected'),
        `Expected${pass ? ' not' : ''}: ${print(this, requestId)}${wanted}`,
        entryTable('Finished', nearest(found, own, lines), Object.keys(expected), (value) =>
          print(this, value),
        ),
        own.length === 0 && `Wait for it: await logs.finished(${print(this, requestId)})`,
      ),
  };
}

/** How many of the expected entries were logged in their order. */
function countInOrder(
  entries: readonly LoggedEntry[],
  expected: readonly ExpectedEntry[],
  equals: Equals,
): number {
  let count = 0;
  for (const entry of entries) {
    const next = expected[count];
    if (next !== undefined && matchesExpected(entry, next, equals)) count++;
  }
  return count;
}

function entriesOf(logs: Logs): readonly LoggedEntry[] {
  return isList(logs) ? logs : logs.entries;
}

function accessLogLinesOf(logs: Logs): readonly LoggedEntry[] {
  return isList(logs) ? logs.filter(isAccessLogEntry) : logs.finishLines;
}

function isList(logs: Logs): logs is readonly LoggedEntry[] {
  return Array.isArray(logs);
}

/** The first list that is not empty. */
function nearest(...lists: (readonly LoggedEntry[])[]): readonly LoggedEntry[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function loggedTable(
  context: MatcherContext,
  entries: readonly LoggedEntry[],
  expected: readonly ExpectedEntry[],
): string {
  const fields = new Set(expected.flatMap((one) => Object.keys(fieldsOf(one))));
  const table = entryTable('Logged', entries, [...fields], (value) => print(context, value));
  if (!entries.every(isAccessLogEntry)) return table;
  return `${table}\n\nNest's own loggers need: app.useLogger(app.get(TracingLogger))`;
}
