import type { OpenSpan } from '../context/traced-application.js';
import { sharedState } from '../records/shared-state.js';
import { traceHttp2 } from './http2.js';
import { traceHttp } from './node-http.js';
import { noteAddresses } from './socket-reader.js';
import { traceUndici } from './undici.js';

/** Makes the changes that the channels of Node and undici do not replace. */
type InstallPatches = () => void;

const state = sharedState('outgoing-calls', () => ({
  /** Set once the process is subscribed to the channels, by whichever copy of the package. */
  install: undefined as InstallPatches | undefined,
}));

/**
 * From now on, every HTTP call of this process that is made in a trace carries it and is a span of
 * it. Which host gets which ids is decided by the trace: two applications of one process may
 * differ.
 *
 * The subscriptions stay for the life of the process, since they change nothing of anybody else's.
 * The patches are undone with the last application, and made again for the next.
 */
export function traceOutgoingCalls(openSpan: OpenSpan): void {
  state.install ??= subscribeToCalls(openSpan);
  state.install();
}

function subscribeToCalls(openSpan: OpenSpan): InstallPatches {
  noteAddresses();
  const patches = [traceUndici(openSpan), traceHttp(openSpan), traceHttp2(openSpan)];
  return () => {
    for (const install of patches) install();
  };
}
