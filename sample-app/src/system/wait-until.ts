import { setTimeout } from 'node:timers/promises';
import { note } from '../terminal/terminal.js';

/** Long, since a busy machine is slow and not broken. */
export const PATIENCE_MS = 300_000;
const REPORT_MS = 10_000;
const POLL_MS = 20;

/**
 * Waits for a condition, by default at most five minutes. Says every ten seconds what it waits for.
 *
 * @returns whether the condition was met
 */
export async function waitUntil(
  isDone: () => boolean,
  what: () => string,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  const begin = performance.now();
  let nextReport = REPORT_MS;
  while (!isDone()) {
    const waited = performance.now() - begin;
    if (waited > patienceMs) return false;
    if (waited > nextReport) {
      nextReport += REPORT_MS;
      note(`Waiting for ${what()} (${Math.round(waited / 1000)} s so far)`);
    }
    await setTimeout(POLL_MS);
  }
  return true;
}
