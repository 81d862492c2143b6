import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { compiledProgram } from '../support/compiled-program.js';

interface Ended {
  readonly code: number;
  readonly answer: Record<string, unknown> | undefined;
  readonly stderr: string;
}

/** Runs one task of `one-process.ts` to the end of its process. */
function run(task: string): Promise<Ended> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = [compiledProgram('test/http-client/one-process.ts'), task];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      const line = stdout.split('\n').find((one) => one.startsWith('{'));
      const answer = line === undefined ? undefined : (JSON.parse(line) as Ended['answer']);
      resolve({ code, answer, stderr });
    });
  });
}

const TIMEOUT = 60_000;

describe('a process', () => {
  it(
    'is changed only where calls are to be traced',
    async () => {
      expect(await run('what is touched')).toEqual({
        code: 0,
        stderr: '',
        answer: { imported: false, off: false, on: true, names: ['request', 'get'] },
      });
    },
    TIMEOUT,
  );

  it(
    'traces functions that were imported by name, and ends by itself',
    async () => {
      expect(await run('calls, and the end')).toEqual({
        code: 0,
        stderr: '',
        answer: { parents: [1, 1, 1] },
      });
    },
    TIMEOUT,
  );

  it(
    'ends with an error without a listener, as it does without tracing',
    async () => {
      const [traced, usual] = await Promise.all([
        run('an error without a listener'),
        run('the same untraced'),
      ]);
      expect(traced.code).toBe(usual.code);
      expect(traced.code).not.toBe(0);
      for (const { stderr } of [traced, usual]) {
        expect(stderr).toMatch(/Unhandled 'error' event/);
        expect(stderr).toMatch(/ENOENT/);
      }
    },
    TIMEOUT,
  );
});

describe('when OpenTelemetry traces node:http', () => {
  it.each(['OpenTelemetry before', 'OpenTelemetry behind'])(
    'one traceparent goes out, whose span is in our timeline: %s',
    async (task) => {
      expect(await run(task)).toEqual({
        code: 0,
        stderr: '',
        answer: { count: [1, 1], isOurs: [true, true], spans: 2 },
      });
    },
    TIMEOUT,
  );
});
