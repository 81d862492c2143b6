import { fstatSync } from 'node:fs';
import { sharedState } from '../../records/shared-state.js';

const STDOUT = 1;
const STDERR = 2;

// Standard output is one for the whole process, whatever runs in it.
const output = sharedState('log-output', () => ({
  fd: STDOUT as number,
  /** Monotonic milliseconds. */
  heldUntil: 0,
}));

/**
 * Where lines go that are for standard output: there, or to standard error where a protocol speaks
 * on it. `undefined` while that is not known.
 */
export function logOutput(): number | undefined {
  return performance.now() < output.heldUntil ? undefined : output.fd;
}

/** From now on, what is still to be written included, lines go to standard error. */
export function leaveStdoutToProtocol(): void {
  output.fd = STDERR;
  output.heldUntil = 0;
}

/**
 * Whether somebody may want to speak a protocol with this process: both ends are pipes, as they
 * are where a program has started it for that, and seldom elsewhere.
 */
export function mayServeStdio(): boolean {
  try {
    return [0, STDOUT].map((fd) => fstatSync(fd)).every((stat) => stat.isFIFO() || stat.isSocket());
  } catch {
    return false;
  }
}

/** Lets lines wait, so long at most, until it is known where they go. */
export function holdLogs(milliseconds: number): void {
  if (output.fd === STDOUT) output.heldUntil = performance.now() + milliseconds;
}

/** Lines that wait do so no longer, or so long at most. */
export function releaseLogs(afterMilliseconds = 0): void {
  if (logOutput() === undefined) output.heldUntil = performance.now() + afterMilliseconds;
}
