/** What a run of tests had to say, by the full name of each test. */
export type Results = ReadonlyMap<string, Result>;

export interface Result {
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed. */
  readonly message?: string;
}

/** A test that passes without the module, and does not with it. */
export interface Difference {
  readonly test: string;
  readonly message: string;
}

/**
 * The tests that pass in one run and not in the other, whether they fail there or do not run; and
 * what fails only there and is no test, such as a hook or a file that cannot be loaded.
 */
export function differencesOf(without: Results, withModule: Results): Difference[] {
  const differences: Difference[] = [];
  for (const [test, { status }] of without) {
    const other = withModule.get(test);
    if (status !== 'passed' || other?.status === 'passed') continue;
    differences.push({ test, message: other?.message ?? 'it does not run' });
  }
  for (const [test, { status, message = '' }] of withModule) {
    if (status === 'failed' && !without.has(test)) differences.push({ test, message });
  }
  return differences;
}

/** Those that are in both lists: the others are not steady. */
export function steady(some: readonly Difference[], again: readonly Difference[]): Difference[] {
  const tests = new Set(again.map(({ test }) => test));
  return some.filter(({ test }) => tests.has(test));
}

export function countOf(results: Results, wanted: Result['status']): number {
  return [...results.values()].filter(({ status }) => status === wanted).length;
}

/** Adds a result. Tests of the same name are numbered, in the order in which they run. */
export function addResult(results: Map<string, Result>, name: string, result: Result): void {
  let test = name;
  for (let n = 2; results.has(test); n++) test = `${name} (${n})`;
  results.set(test, result);
}
