import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

// Inside the repository, so that both releases find the same peers.
const OTHER = resolve('build/two-releases/dist');

interface Line {
  readonly message: string;
  readonly trace_id: string;
  readonly request_id: string;
}

interface Outcome {
  readonly statuses: readonly number[];
  /** Of the application that is called by the test, and that calls the other one. */
  readonly first: readonly Line[];
  readonly second: readonly Line[];
  /** The names of what is shared in the process. */
  readonly symbols: readonly string[];
}

/** A copy of the build as another release would be: one that shares state of another shape. */
function buildOtherRelease(): void {
  rmSync(OTHER, { recursive: true, force: true });
  cpSync('dist', OTHER, { recursive: true });
  for (const file of readdirSync(OTHER, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.js')) continue;
    const path = join(OTHER, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll('nestjs-tracing.v1.', 'nestjs-tracing.v2.'),
    );
  }
}

describe('two releases in one process', () => {
  it('share no state, and their applications are traced each by its own', () => {
    buildOtherRelease();
    const output = execFileSync(
      process.execPath,
      ['--no-warnings', 'test/package/two-releases.process.mjs', resolve('dist'), OTHER],
      { encoding: 'utf8', timeout: 60_000 },
    );
    const { statuses, first, second, symbols } = JSON.parse(output) as Outcome;
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 200));

    const finished = (lines: readonly Line[]) =>
      lines.filter(({ message }) => message === 'Request finished');
    const requests = Array.from({ length: 20 }, (_, i) => `req-${i}`).toSorted();
    for (const lines of [first, second]) {
      expect(
        finished(lines)
          .map((line) => line.request_id)
          .toSorted(),
      ).toEqual(requests);
    }
    const inner = second.filter(({ message }) => message === 'inner');
    expect(inner.map((line) => line.request_id).toSorted()).toEqual(requests);
    expect(inner.every((line) => line.trace_id === line.request_id)).toBe(true);

    const versions = new Set(symbols.map((name) => /^nestjs-tracing\.(v\d+)\./.exec(name)?.[1]));
    expect(versions).toEqual(new Set(['v1', 'v2']));
  });
});
