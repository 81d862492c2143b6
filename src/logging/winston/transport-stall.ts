import { warnOnce } from '../../records/warnings.js';

/** A transport that works on one entry for this long while others wait has lost its callback. */
const STALL_MS = 10_000;
/** Beyond this, entries are dropped: a dead transport must not take the process with it. */
export const BACKLOG_LIMIT = 100_000;

/** Makes a function that says whether there was no progress for too long, and warns once. */
export function stallDetector(progress: () => number): () => boolean {
  let last = -1;
  let since = 0;
  return () => {
    const now = Date.now();
    if (progress() !== last) {
      last = progress();
      since = now;
    }
    if (now - since < STALL_MS) return false;
    warnOnce(
      'TRACING_TRANSPORT_STALLED',
      `a log transport has not called back for ${STALL_MS / 1000} s; its entries wait, and those beyond ${BACKLOG_LIMIT} or 64 MiB are dropped`,
    );
    return true;
  };
}
