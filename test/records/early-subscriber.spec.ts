import { expect, it, jest } from '@jest/globals';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';

const NAME = 'nestjs-tracing:request:start';

// An agent that is loaded before the application (`node --import ./agent.js`) subscribes before
// this package is loaded. So it is imported late here.
it('a subscriber from before the package was loaded ends no process when it throws', async () => {
  // Jest ran other files in this process, which loaded the package too: a channel as Node makes it.
  for (const name of ['subscribe', 'unsubscribe']) Reflect.deleteProperty(channel(NAME), name);
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const listener = jest.fn(() => {
    throw new Error('on purpose');
  });
  subscribe(NAME, listener);

  const { tracingChannels } = await import('../../src/records/channels.js');
  expect(tracingChannels.requestStart.hasSubscribers).toBe(true);
  tracingChannels.requestStart.publish({} as never);
  await sleep(5);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledTimes(1);

  expect(unsubscribe(NAME, listener)).toBe(true);
  expect(tracingChannels.requestStart.hasSubscribers).toBe(false);
});
