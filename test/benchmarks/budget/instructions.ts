import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

const stat = ['stat', '--field-separator=,', '--event=instructions:u'];

/** Whether there is a `perf` that may read the processor's counter: virtual machines often hide it. */
export function canCountInstructions(): boolean {
  const { stderr } = spawnSync('perf', [...stat, 'true'], { encoding: 'utf8' });
  return instructionsIn(stderr ?? '') !== undefined;
}

/** Instructions of another process, all its threads, while something is done. */
export async function countInstructions(
  pid: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const args = [...stat, '--delay=-1', '--control=fd:3,4', `--pid=${pid}`];
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  const stderr = perf.stdio[2] as Readable;
  const control = perf.stdio[3] as Writable;
  const acknowledged = perf.stdio[4] as Readable;
  const output = text(stderr);
  const order = async (command: string) => {
    control.write(`${command}\n`);
    await once(acknowledged, 'data');
  };
  await order('enable');
  await work();
  await order('disable');
  perf.kill('SIGINT');
  return instructionsIn(await output) ?? NaN;
}

/** The first field of the line of the event: a number, or words if nothing was counted. */
export function instructionsIn(output: string): number | undefined {
  const counted = /^(\d+),.*instructions:u/m.exec(output)?.[1];
  return counted === undefined ? undefined : Number(counted);
}
