import type { ServerResponse } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';
import type { SpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from '../records/round-ms.js';

const WRITE_HEAD = definePatch({
  package: 'node',
  target: 'ServerResponse.writeHead, of each response',
  gives: 'the header `Server-Timing`, with `serverTiming: true`',
  without: 'responses have no `Server-Timing`',
  why: 'Node has no hook in front of the moment at which the headers are sent',
});

/** More would make the head of a response larger than some proxies accept. */
const MAX_METRICS = 10;

/** How much of a name is sent, for the same reason. */
const MAX_NAME = 100;

/** Notes the change that {@link addServerTiming} makes to each response, and returns it. */
export function serverTimingPatch(): typeof addServerTiming {
  WRITE_HEAD.noteApplied();
  return addServerTiming;
}

/**
 * Adds the longest spans of a request to its response, at the last moment at which headers can be
 * set. A span that has not ended by then is measured up to that moment.
 *
 * @see https://www.w3.org/TR/server-timing/
 */
function addServerTiming(response: ServerResponse, trace: Trace): void {
  const { writeHead } = response;
  if (typeof writeHead !== 'function') {
    WRITE_HEAD.unsupported('`writeHead` is not a function');
    return;
  }
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!this.headersSent && trace.spans !== undefined && !this.hasHeader('server-timing')) {
      this.setHeader('Server-Timing', serverTiming(trace.spans));
    }
    return (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args);
  } as typeof writeHead;
}

function serverTiming(spans: readonly SpanRecord[]): string {
  const now = performance.now();
  return spans
    .filter(({ count }) => count === undefined)
    .map(({ name, startedMs, durationMs = now - startedMs }) => ({ name, durationMs }))
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, MAX_METRICS)
    .map(({ name, durationMs }, i) => `s${i};desc="${quoted(name)}";dur=${roundMs(durationMs)}`)
    .join(', ');
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4 */
function quoted(text: string): string {
  return text
    .slice(0, MAX_NAME)
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/["\\]/g, '\\$&');
}
