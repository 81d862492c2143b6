import { type Contender, titleOf } from '../in-memory/time-requests.js';
import { forEachIn, type Run } from '../run.js';
import { type Measure, median, timeServer, type Timing, type TimingSizes } from './timing.js';

export interface Measured extends Contender {
  /** Medians over the rounds. */
  timing: Timing;
}

export interface Failure extends Contender {
  reason: string;
}

/**
 * Every contender once, then every contender once more, and so on, each time from a new process
 * and from another place in the row: what the machine does meanwhile falls on all alike.
 */
export async function timeInRounds(
  run: Run,
  contenders: readonly Contender[],
  sizes: TimingSizes,
): Promise<{ measured: Measured[]; failures: Failure[] }> {
  const timings = new Map(contenders.map((contender) => [contender, [] as Timing[]]));
  const failures: Failure[] = [];
  for (let round = 0; round < sizes.rounds; round++) {
    await forEachIn(run, rotated([...timings.keys()], round), async (contender) => {
      const { variant, platform, node } = contender;
      run.announce(`round ${round + 1} of ${sizes.rounds}: ${titleOf(contender)}`);
      try {
        timings.get(contender)?.push(await timeServer(variant, platform, node, sizes, run.output));
      } catch (error) {
        timings.delete(contender);
        failures.push({ ...contender, reason: `under load: ${String(error)}` });
      }
    });
  }
  const measured = [...timings].map(([contender, own]) => ({ ...contender, timing: medians(own) }));
  return { measured, failures };
}

function rotated<T>(row: readonly T[], by: number): T[] {
  const first = (by * 3) % Math.max(1, row.length); // three: the first ones are not neighbours again
  return [...row.slice(first), ...row.slice(0, first)];
}

function medians(timings: readonly Timing[]): Timing {
  const of = (measure: Measure) => median(timings.map((timing) => timing[measure]));
  return { saturated: of('saturated'), steady: of('steady') };
}
