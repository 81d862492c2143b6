import { fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type BenchmarkedNode, placeFor } from './nodes.js';
import { forEachIn, type Run } from './run.js';

/** What a program sends to its parent. */
type Figures = Readonly<Record<string, number>>;

/** The arguments of a program that say what it measures. */
type Subject = readonly string[];

interface Programs {
  /** Its path in the folder, without an extension. */
  program: string;
  /** Where it runs. Default: it is a program of the benchmark, in the folder of this package. */
  folder?: string;
  subjects: readonly Subject[];
  rounds: number;
  /** The same for each subject, behind its own. */
  args?: readonly string[];
  flags?: readonly string[];
}

export interface Measured {
  /** The least of a subject's processes; `NaN` for what fails. */
  least: (node: BenchmarkedNode, subject: Subject, figure: string) => number;
  failures: string[];
}

/**
 * Runs a program that measures one thing: each subject on each version of Node, in processes of its
 * own, interleaved. The least counts, as what other processes take only adds to it.
 */
export async function measureInProcesses(
  run: Run,
  { program, folder, subjects, rounds, args = [], flags = [] }: Programs,
): Promise<Measured> {
  const file = join(folder ?? import.meta.dirname, `${program}.js`);
  const all = run.nodes.flatMap((node) => subjects.map((subject) => ({ node, subject })));
  const measured = new Map(all.map((one) => [keyOf(one.node, one.subject), {} as Figures]));
  const failures = new Set<string>();
  for (let round = 1; round <= rounds; round++) {
    run.announce(`${program}: round ${round} of ${rounds}`);
    await forEachIn(run, all, async ({ node, subject }) => {
      const key = keyOf(node, subject);
      const options = { ...placeFor(node, { flags, isPinned: !run.isQuick }), cwd: folder };
      const taken = await runOnce(file, [...subject, ...args], run.output, options);
      if (taken === undefined) failures.add(key);
      else measured.set(key, leastOf(measured.get(key) ?? {}, taken));
    });
  }
  return {
    least: (node, subject, figure) => {
      const key = keyOf(node, subject);
      return failures.has(key) ? NaN : (measured.get(key)?.[figure] ?? NaN);
    },
    failures: [...failures].map((key) => `${program}: ${key}`),
  };
}

/** What the program sends before it ends; nothing when it fails, and its error is on the terminal. */
async function runOnce(
  file: string,
  args: readonly string[],
  output: number,
  options: ForkOptions,
): Promise<Figures | undefined> {
  const child = fork(file, args, {
    ...options,
    stdio: ['ignore', output, 'inherit', 'ipc'],
  });
  let figures: Figures | undefined;
  child.once('message', (message) => (figures = message as Figures));
  await once(child, 'exit');
  return figures;
}

function leastOf(one: Figures, other: Figures): Figures {
  return Object.fromEntries(
    Object.entries(other).map(([name, figure]) => [name, Math.min(figure, one[name] ?? figure)]),
  );
}

function keyOf(node: BenchmarkedNode, subject: Subject): string {
  return `${subject.join(', ')}, Node ${node.major}`;
}
