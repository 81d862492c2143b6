import { setImmediate } from 'node:timers/promises';

/** How long the event loop is kept busy at once, in milliseconds. */
const SLICE_MS = 8;

/** Work that may be interrupted wherever it yields. */
export type Work<T> = Generator<undefined, T, undefined>;

/** Does a piece of work in slices, between which the event loop turns. */
export async function inSlices<T>(work: Work<T>): Promise<T> {
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
}

/** Does it at once. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
