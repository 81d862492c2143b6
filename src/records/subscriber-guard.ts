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

/** One or several listeners that are one subscriber: what one of them causes reaches none of them. */
interface Subscription {
  /** Whether its listeners run no code of the application that goes on after they have returned. */
  readonly isSynchronous: boolean;
  /** Whether one of them runs now. Only for synchronous ones. */
  isRunning: boolean;
}

// Shared, so that subscribers of two copies of the package cannot cause each other's events for ever.
const state = sharedState('subscribers', () => ({
  /** What the running code is caused by; also in the timers and promises of a subscriber. */
  causes: new AsyncLocalStorage<Cause>(),
  /** By listener: the subscription that it is a part of. Others are subscriptions of their own. */
  subscriptions: new WeakMap<ChannelListener, Subscription>(),
}));

/**
 * Makes several listeners one subscription.
 *
 * @param isSynchronous for listeners that return when they are done, and leave nothing of the
 *   application running. A variable guards them, where others need an async storage: on Node 20 and
 *   22 that costs something for every promise of the process.
 */
export function asOneSubscriber(
  listeners: readonly ChannelListener[],
  isSynchronous: boolean,
): void {
  const subscription: Subscription = { isSynchronous, isRunning: false };
  for (const listener of listeners) state.subscriptions.set(listener, subscription);
}

/**
 * Guards all subscribers of a channel, those that it has and those that are added later:
 *
 * - What one throws, or rejects with, becomes a warning. Node would end the process, but a
 *   subscriber must not even fail a request.
 * - What one causes, for example by logging in a subscriber of the log, is not published to it:
 *   otherwise the first line would cause lines for ever. Other subscribers get it; what those cause
 *   because of it is published to none, so that two cannot keep each other busy. Synchronous
 *   subscriptions get all of it: they only cause something if an object of the application logs while
 *   it is read.
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
  const subscription = state.subscriptions.get(listener);
  return subscription?.isSynchronous === true
    ? synchronousGuard(listener, subscription)
    : asyncGuard(listener, subscription ?? listener, channel);
}

function synchronousGuard(listener: ChannelListener, subscription: Subscription): ChannelListener {
  return (message, name) => {
    if (subscription.isRunning) return warnOfRepeats(name);
    subscription.isRunning = true;
    try {
      listener(message, name);
    } catch (error) {
      fail(name, error);
    } finally {
      subscription.isRunning = false;
    }
  };
}

function asyncGuard(
  listener: ChannelListener,
  subscriber: object,
  channel: string | symbol,
): ChannelListener {
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
    warnOfRepeats(name);
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

function warnOfRepeats(name: string | symbol): void {
  warnOnce(
    'TRACING_SUBSCRIBER_REPEATS',
    `a subscriber of ${String(name)} causes such events itself, for example by logging; it does not get those`,
  );
}

function fail(name: string | symbol, error: unknown): void {
  warnOnce('TRACING_SUBSCRIBER_FAILED', `a subscriber of ${String(name)} threw`, error);
}
