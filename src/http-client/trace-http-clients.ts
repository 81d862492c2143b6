import type { OpenSpan } from '../context/unit-of-work.js';
import { sharedState } from '../records/shared-state.js';
import { traceHttp } from './node-http.js';
import { traceUndici } from './undici.js';

const calls = sharedState('outgoing-calls', () => ({ areTraced: false }));

/**
 * From now on, every HTTP call of this process that is made in a trace carries it and is a span of
 * it. Whose hosts are told which ids is a matter of the trace: two applications of one process may
 * differ.
 */
export function traceOutgoingCalls(openSpan: OpenSpan): void {
  if (calls.areTraced) return;
  calls.areTraced = true;
  traceUndici(openSpan);
  traceHttp(openSpan);
}
