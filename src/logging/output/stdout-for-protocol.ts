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
 * Where lines for standard output are written: there, or to standard error where a protocol uses
 * standard output. `undefined` while that is not known.
 */
export function logOutput(): number | undefined {
  return performance.now() < output.heldUntil ? undefined : output.fd;
}

/** From now on, lines go to standard error, also those that wait. */
export function leaveStdoutToProtocol(): void {
  output.fd = STDERR;
  output.heldUntil = 0;
}

/** Whether a protocol uses standard output, so that nothing else may be written there. */
export function isStdoutForProtocol(): boolean {
  return output.fd === STDERR;
}

/**
 * Whether this process may serve a protocol over stdio: standard input and output are both pipes,
 * as they are where a client has started the process for that, and seldom elsewhere.
 */
export function mayServeStdio(): boolean {
  try {
    return [0, STDOUT].map((fd) => fstatSync(fd)).every((stat) => stat.isFIFO() || stat.isSocket());
  } catch {
    return false;
  }
}

/** Makes lines wait, for this long at most, until it is known where they go. */
export function holdLogs(milliseconds: number): void {
  if (output.fd === STDOUT) output.heldUntil = performance.now() + milliseconds;
}

/** Ends the wait of lines, or limits it. */
export function releaseLogs(afterMilliseconds = 0): void {
  if (logOutput() === undefined) output.heldUntil = performance.now() + afterMilliseconds;
}
