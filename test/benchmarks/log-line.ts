import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { emptyLoop, loggers } from './loggers.js';
import { median } from './timing.js';

export interface LogLineTiming {
  name: string;
  /** Of CPU for one line, without the loop around it. */
  nanoseconds: number;
}

const program = fileURLToPath(new URL('./log-line-loop.js', import.meta.url));

/** Times one log line of each logger, each in processes of its own, interleaved. */
export async function timeLogLines(
  rounds: number,
  output: number,
  announce: (progress: string) => void,
): Promise<LogLineTiming[]> {
  const names = Object.keys(loggers);
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    announce(`one log line: round ${round + 1} of ${rounds}`);
    for (const [name, measured] of times) measured.push(await timeOne(name, output));
  }
  const medianOf = (name: string) => median(times.get(name) ?? []);
  return names
    .filter((name) => name !== emptyLoop)
    .map((name) => ({ name, nanoseconds: medianOf(name) - medianOf(emptyLoop) }));
}

async function timeOne(name: string, output: number): Promise<number> {
  const child = fork(program, [name], { stdio: ['ignore', output, 'inherit', 'ipc'] });
  let nanoseconds = NaN; // of a logger that fails, and so it stands in the table
  child.once('message', (message) => (nanoseconds = Number(message)));
  await once(child, 'exit');
  return nanoseconds;
}
