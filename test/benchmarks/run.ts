import { availableParallelism } from 'node:os';
import type { BenchmarkedNode } from './nodes.js';

/** What the sections of one run share. */
export interface Run {
  /** A section measures on each of them. */
  nodes: readonly BenchmarkedNode[];
  /** For CI: every check, and sizes too short for their figures to be believed. */
  isQuick: boolean;
  /** Where the output of what is measured goes: the null device, as a file descriptor. */
  output: number;
  announce: (progress: string) => void;
}

/** What a section has to say, as paragraphs of Markdown. */
export interface Findings {
  text: string[];
  /** What does not do the work that it is measured for. */
  failures: string[];
}

export type Section = (run: Run) => Promise<Findings>;

/**
 * Does something for each item, one after another, so that what is measured has the machine to
 * itself. A quick run does several at a time.
 */
export async function forEachIn<T>(
  { isQuick }: Run,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const workOff = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await work(next.value);
  };
  const atOnce = isQuick ? Math.max(2, availableParallelism()) : 1;
  await Promise.all(Array.from({ length: atOnce }, workOff));
}
