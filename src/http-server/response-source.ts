import { errorMonitor, type EventEmitter } from 'node:events';
import { keepThrown } from '../trace/thrown.js';
import type { Trace } from '../trace/trace.js';

/** What a stream fails with because its reader has gone: the client, in most cases. */
const READER_GONE: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR']);

const followed = new WeakSet<object>();

/** Whether the headers of a response have been sent: of Node's object, or one that holds it. */
export function areHeadersSent(response: unknown): boolean {
  const { raw, headersSent } = Object(response) as { raw?: unknown; headersSent?: unknown };
  if (typeof raw !== 'object' || raw === null) return headersSent === true;
  return (raw as { headersSent?: unknown }).headersSent === true;
}

/**
 * Notes the error of a stream that is sent as a response. Its headers may have been sent by then, so
 * that no exception filter is asked. The listener only watches: an error that nothing else listens
 * for still ends the process.
 */
export function noteFailures(trace: Trace, source: unknown, response: unknown): void {
  if (typeof source !== 'object' || source === null || followed.has(source)) return;
  const stream = source as Partial<EventEmitter> & { readonly errored?: unknown };
  if (typeof stream.on !== 'function') return;
  followed.add(source);
  const note = (error: unknown): void => {
    if (!READER_GONE.has((Object(error) as NodeJS.ErrnoException).code)) {
      keepThrown(trace, error, areHeadersSent(response));
    }
  };
  if (stream.errored) note(stream.errored);
  stream.on(errorMonitor, note);
}
