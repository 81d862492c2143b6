import { sharedState } from '../../records/shared-state.js';

/** How long the end of the process waits for a reader that does not read. */
export const EXIT_PATIENCE_MS = 2000;

/**
 * Outputs with lines that are not written yet, and one `exit` listener for all of them, whichever
 * copy of the package they come from.
 */
export const unwritten = sharedState('line-transports', () => {
  const waiting = new Set<{ flushAtExit(): void }>();
  const state = {
    waiting,
    isExiting: false,
    /** Monotonic milliseconds: one for the whole process. */
    exitDeadline: Number.POSITIVE_INFINITY,
  };
  process.on('exit', () => {
    // Other listeners may still log, and the event loop does not run again after them.
    state.isExiting = true;
    state.exitDeadline = performance.now() + EXIT_PATIENCE_MS;
    // Not `state.waiting`: Jest warns of a look at what a test file left on the global object.
    for (const output of waiting) output.flushAtExit();
  });
  return state;
});
