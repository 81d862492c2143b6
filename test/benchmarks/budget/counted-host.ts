import { on } from 'node:events';
import { readSync } from 'node:fs';
import type { Counts } from './budget.js';
import { type CounterName, counters } from './counters.js';

/** Asked by the parent: the totals so far. */
export interface Question {
  /** So many lines are to be written before, by a program that writes them by itself. */
  lines?: number;
  /** The program blocks afterwards, until something comes on standard input. */
  hold?: boolean;
}

const STANDARD_INPUT = 0;

/** The arguments of a program that is counted: the counter, and its own arguments. */
const [, , counterName, ...args] = process.argv as [string, string, CounterName, ...string[]];

// Before anything else is imported: some keep the functions that are counted.
const totals: () => Counts = counters[counterName]();

export const programArguments: readonly string[] = args;

/** Reports to the parent that the program is ready, and then the totals, while there is a parent. */
export async function answerParent(
  port: number,
  write?: (lines: number) => Promise<void>,
): Promise<void> {
  process.once('disconnect', () => process.exit());
  const questions = on(process, 'message') as AsyncIterable<[Question]>;
  process.send?.({ port });
  for await (const [{ lines, hold }] of questions) {
    if (lines !== undefined) await write?.(lines);
    process.send?.(totals());
    if (hold) blockUntilInput();
  }
}

/** Blocks until something comes on standard input, which is a non-blocking pipe. */
function blockUntilInput(): void {
  const byte = Buffer.alloc(1);
  for (;;) {
    try {
      readSync(STANDARD_INPUT, byte);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
