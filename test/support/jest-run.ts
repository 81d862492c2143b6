import { spawn, type ChildProcess } from 'node:child_process';

/** What a process that Ctrl+C has ended returns, as a shell says it. */
export const INTERRUPTED = 130;

/** The arguments after `--` on the command line: `--strict` is for the run, all others are for Jest. */
export function runArguments(): { isStrict: boolean; jestArgs: string[] } {
  const args = process.argv.slice(2);
  return {
    isStrict: process.env['CI'] === 'true' || args.includes('--strict'),
    jestArgs: args.filter((arg) => arg !== '--strict'),
  };
}

/** The message about tests that lack what they need. */
export function consequence(isStrict: boolean): string {
  return isStrict ? 'FAILED' : 'SKIPPED, its tests did not run';
}

/** Jest with tests that `npm test` excludes, since they need servers. */
export class JestRun {
  /** Resolves when it has ended, to its exit code. */
  readonly ended: Promise<number>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code) => resolve(code ?? INTERRUPTED));
    });
  }

  /** @param schedule one file at a time by default: they share the servers, and some stop one. */
  static start(
    files: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    schedule = '--runInBand',
  ): JestRun {
    const child = spawn(
      process.execPath,
      [
        ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
        // These files are in no project; any one will do, once.
        ...['node_modules/jest/bin/jest.js', '--selectProjects', 'process', '--testMatch', files],
        ...[schedule, ...args],
      ],
      { stdio: 'inherit', env },
    );
    return new JestRun(child);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
