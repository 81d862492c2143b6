import type { ServerResponse } from 'node:http';
import type { SpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from '../records/round-ms.js';

/** More would make the head of a response larger than some proxies take. */
const MAX_METRICS = 10;

/** As much of a name as is told, for the same reason. */
const MAX_NAME = 100;

/**
 * Puts the longest spans of a request on its response, at the last moment at which there can be
 * headers. What has not ended by then is measured up to there.
 *
 * @see https://www.w3.org/TR/server-timing/
 */
export function addServerTiming(response: ServerResponse, trace: Trace): void {
  const { writeHead } = response;
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
