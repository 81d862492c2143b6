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

/**
 * The types of {@link tracingMatchers}, for the declarations of a test runner. The matchers accept
 * what {@link captureLogs} returns, and lists of its entries.
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
}

/** What `expect` was called with. */
type Logs = Pick<LogCapture, 'entries' | 'finishLines'> | readonly LoggedEntry[];

/** The `this` of a matcher in Jest and Vitest. */
interface MatcherContext {
  readonly isNot?: boolean;
  readonly equals: Equals;
  readonly utils: {
    matcherHint(
      name: string,
      received: string,
      expected: string,
      options: { isNot?: boolean; secondArgument?: string },
    ): string;
    stringify(value: unknown): string;
  };
}

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

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
export const tracingMatchers = { toHaveLogged, toHaveLoggedInOrder, toHaveFinished };

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

function hint(
  { utils, isNot = false }: MatcherContext,
  name: string,
  argument: string,
  secondArgument = '',
): string {
  return utils.matcherHint(name, 'logs', argument, { isNot, secondArgument });
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

/** Formats a value on one line; Vitest would use several lines for objects. */
function print({ utils }: MatcherContext, value: unknown): string {
  return utils.stringify(value).replace(/\s*\n\s*/g, ' ');
}

function failure(...parts: (string | false)[]): string {
  return parts.filter((part) => part !== false).join('\n\n');
}
