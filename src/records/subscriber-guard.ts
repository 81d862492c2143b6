import { AsyncLocalStorage } from 'node:async_hooks';
import type { Channel, ChannelListener } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { sharedState } from './shared-state.js';
import { warnOnce } from './warnings.js';

/** Which subscribers led to the running code: the last one, and the one that led to that. */
interface Cause {
  readonly subscriber: object;
  readonly by: Cause | undefined;
}

// Shared, so that subscribers of two copies of the package cannot cause each other's events for ever.
const state = sharedState('subscribers', () => ({
  /** What the running code is caused by; also in the timers and promises of a subscriber. */
  causes: new AsyncLocalStorage<Cause>(),
  /** By listener: the subscription that it is a part of. Others are subscriptions of their own. */
  subscriptions: new WeakMap<ChannelListener, object>(),
}));

/** Makes several listeners one subscriber: what one of them causes is not published to any of them. */
export function asOneSubscriber(listeners: readonly ChannelListener[]): void {
  const subscription = {};
  for (const listener of listeners) state.subscriptions.set(listener, subscription);
}

/**
 * Guards all subscribers of a channel, those that it has and those that are added later:
 *
 * - What one throws, or rejects with, becomes a warning. Node would end the process, but a
 *   subscriber must not even fail a request.
 * - What one causes, for example by logging in a subscriber of the log, is not published to it:
 *   otherwise the first line would cause lines for ever. Other subscribers get it; what those cause
 *   because of it is published to none, so that two cannot keep each other busy.
 */
export function guardSubscribers(target: Channel): Channel {
  const guards = new WeakMap<ChannelListener, ChannelListener>();
  // A channel changes its prototype with its first and last subscriber, and subscribing to an
  // idle one calls itself again on the new prototype.
  const original = (self: Channel): Channel => Object.getPrototypeOf(self) as Channel;
  target.subscribe = function (listener) {
    let guard = guards.get(listener);
    if (guard === undefined) {
      guard = guardOf(listener, target.name);
      guards.set(listener, guard).set(guard, guard);
    }
    original(this).subscribe.call(this, guard);
  };
  target.unsubscribe = function (listener) {
    return original(this).unsubscribe.call(this, guards.get(listener) ?? listener);
  };
  // Subscribers that were added before this package was loaded are guarded too.
  const { _subscribers: early = [] } = target as { _subscribers?: readonly ChannelListener[] };
  for (const listener of [...early]) {
    target.unsubscribe(listener);
    target.subscribe(listener);
  }
  return target;
}

function guardOf(listener: ChannelListener, channel: string | symbol): ChannelListener {
  const subscriber = state.subscriptions.get(listener) ?? listener;
  // Most events are caused by no subscriber, so one object serves all of them.
  const first: Cause = { subscriber, by: undefined };
  // With arguments, `run` would make a list of them for each event.
  let next: unknown;
  const deliver = (): void => {
    const message = next;
    next = undefined;
    call(listener, message, channel);
  };
  return (message, name) => {
    const by = state.causes.getStore();
    if (by === undefined || (by.subscriber !== subscriber && by.by === undefined)) {
      next = message;
      return state.causes.run(by === undefined ? first : { subscriber, by }, deliver);
    }
    warnOnce(
      'TRACING_SUBSCRIBER_REPEATS',
      `a subscriber of ${String(name)} causes such events itself, for example by logging; it does not get those`,
    );
  };
}

function call(listener: ChannelListener, message: unknown, name: string | symbol): void {
  try {
    // The type does not include it, but a subscriber may return a promise.
    const result: unknown = listener(message, name);
    if (types.isPromise(result)) result.catch((error: unknown) => fail(name, error));
  } catch (error) {
    fail(name, error);
  }
}

function fail(name: string | symbol, error: unknown): void {
  warnOnce('TRACING_SUBSCRIBER_FAILED', `a subscriber of ${String(name)} threw`, error);
}
