import { afterAll } from '@jest/globals';
import { channel, hasSubscribers, subscribe } from 'node:diagnostics_channel';
import { undoPatches } from '../../src/instrumentation/patch.js';

const CHANNELS = ['request:start', 'request:finish', 'span:finish', 'log'].map(
  (name) => `nestjs-tracing:${name}`,
);

// When Node 20 collects the channel of an earlier file, it forgets the one of the same name that
// serves by then, and who subscribes by name hears nothing. A channel with a subscriber is not
// collected, so one keeps the others: https://github.com/nodejs/node/pull/59910
const KEEPER = 'nestjs-tracing:test:keeper';
if (!hasSubscribers(KEEPER)) {
  const kept = CHANNELS.map(channel);
  subscribe(KEEPER, () => kept);
}

// The test files of one worker share Node's own prototypes, modules and diagnostics channels. An
// application that one of them has not closed, or that did not start, must neither trace the
// requests of the next one nor listen to them.
afterAll(() => {
  undoPatches();
  for (const name of CHANNELS) {
    const shared = channel(name);
    // Node keeps them here, and gives no public list of them.
    const { _subscribers: left = [] } = shared as {
      _subscribers?: Parameters<typeof shared.unsubscribe>[0][];
    };
    for (const subscriber of [...left]) shared.unsubscribe(subscriber);
  }
});
