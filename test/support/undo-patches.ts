import { afterAll } from '@jest/globals';
import { channel } from 'node:diagnostics_channel';
import { undoPatches } from '../../src/instrumentation/patch.js';

const CHANNELS = ['request:start', 'request:finish', 'span:finish', 'log'];

// The test files of one worker share Node's own prototypes, modules and diagnostics channels. An
// application that one of them has not closed, or that did not start, must neither trace the
// requests of the next one nor listen to them.
afterAll(() => {
  undoPatches();
  for (const name of CHANNELS) {
    const shared = channel(`nestjs-tracing:${name}`);
    // Node keeps them here, and gives no public list of them.
    const { _subscribers: left = [] } = shared as {
      _subscribers?: Parameters<typeof shared.unsubscribe>[0][];
    };
    for (const subscriber of [...left]) shared.unsubscribe(subscriber);
  }
});
