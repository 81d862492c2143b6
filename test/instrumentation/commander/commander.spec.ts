import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { compiledProgram } from '../../support/compiled-program.js';
import type { Line } from '../../support/line-sink.js';

const program = compiledProgram('test/instrumentation/commander/cli.service.ts');

async function cli(way: 'run' | 'application', ...args: string[]) {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { ...own, WAY: way } });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  // nest-commander prints an error without the end of its line.
  const lines = [...stderr.matchAll(/\{"timestamp".*$/gm)].map(
    ([line]) => JSON.parse(line) as Line,
  );
  const ends = lines.filter(({ message }) => message === 'Run finished');
  return { code: await code, stdout, stderr, lines, ends };
}

describe('a command', () => {
  it.each(['run', 'application'] as const)('is one run, with its whole name: %s', async (way) => {
    const { code, stdout, ends } = await cli(way, 'users', 'add', 'alice');
    expect([code, stdout]).toEqual([0, 'added alice\n']);
    expect(ends).toMatchObject([
      {
        level: 'info',
        transport: 'cli',
        job: 'users add',
        handler: 'AddUser.run',
        outcome: 'completed',
      },
    ]);
  });

  it('has its ids on its lines', async () => {
    const { lines, ends } = await cli('application', 'users', 'add', 'bob');
    const { trace_id, span_id } = ends[0]!;
    expect(lines.find(({ message }) => message === 'adding')).toMatchObject({
      trace_id,
      span_id,
      name: 'bob',
    });
  });

  it('that throws has the error on its line, and is handled as without tracing', async () => {
    const handled = await cli('application', 'fail');
    expect([handled.code, handled.stdout]).toEqual([5, 'handled no command\n']);
    const printed = await cli('run', 'fail');
    expect(printed.code).toBe(0);
    expect(printed.stderr).toContain('RangeError: no command');
    for (const { ends } of [handled, printed]) {
      expect(ends).toMatchObject([
        { level: 'error', job: 'fail', outcome: 'errored', error: { message: 'no command' } },
      ]);
    }
  });

  it('that ends the process has its line, and its own exit code', async () => {
    const { code, ends } = await cli('run', 'exit');
    expect(code).toBe(3);
    expect(ends).toMatchObject([{ job: 'exit', outcome: 'aborted' }]);
  });
});
