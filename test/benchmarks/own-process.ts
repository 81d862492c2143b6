import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median } from './timing.js';

interface ProcessRounds {
  rounds: number;
  /** Where standard output goes: a file descriptor. */
  output: number;
  announce: (round: string) => void;
  /** What the program takes behind the name. */
  args?: readonly string[];
  /** Which of the times of a name is the answer; their median by default. */
  choose?: (times: readonly number[]) => number;
}

/**
 * Runs a program that times one thing, by its name, and sends a number. Each name in processes of
 * its own, interleaved; the answer is `NaN` for what fails.
 */
export async function timeInProcesses(
  program: string,
  names: readonly string[],
  { rounds, output, announce, args = [], choose = median }: ProcessRounds,
): Promise<(name: string) => number> {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    announce(`round ${round + 1} of ${rounds}`);
    for (const [name, measured] of times) {
      measured.push(await timeOne(file, [name, ...args], output));
    }
  }
  return (name) => choose(times.get(name) ?? []);
}

async function timeOne(file: string, args: readonly string[], output: number): Promise<number> {
  const child = fork(file, args, { stdio: ['ignore', output, 'inherit', 'ipc'] });
  let nanoseconds = NaN; // for a run that fails, and shown in the table
  child.once('message', (message) => (nanoseconds = Number(message)));
  await once(child, 'exit');
  return nanoseconds;
}
