import { createHook } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Counts } from './budget.js';

// Of what counts, only one is at work in a process: the hooks that see a promise make it bigger.

export const counterNames = ['bytes', 'calls'] as const;
export type CounterName = (typeof counterNames)[number];

/** Starts to count in this process. What it returns gives the totals so far. */
export const counters: Readonly<Record<CounterName, () => () => Counts>> = {
  bytes: countBytes,
  calls: countCalls,
};

const KINDS: Readonly<Record<string, string>> = {
  PROMISE: 'promises',
  TickObject: 'ticks',
  Microtask: 'ticks',
  Immediate: 'immediates',
  Timeout: 'timers',
};
const STANDARD_OUTPUT = 1;

function countBytes(): () => Counts {
  let isFirst = true;
  return () => {
    // The warm-up is over: its garbage must not count.
    if (isFirst) globalThis.gc?.();
    isFirst = false;
    return { bytes: process.memoryUsage().heapUsed };
  };
}

function countCalls(): () => Counts {
  const counts = {
    promises: 0,
    ticks: 0,
    immediates: 0,
    timers: 0,
    'other resources': 0,
    listeners: 0,
    writes: 0,
  };
  const kinds = KINDS as Readonly<Record<string, keyof typeof counts>>;
  createHook({ init: (_id, type) => void counts[kinds[type] ?? 'other resources']++ }).enable();
  // `once` and `prependOnceListener` end in one of these.
  for (const name of ['on', 'addListener', 'prependListener'] as const) {
    tap(EventEmitter.prototype, name, () => counts.listeners++);
  }
  for (const name of ['write', 'writeSync', 'writev', 'writevSync'] as const) {
    tap(fs, name, (descriptor) => descriptor === STANDARD_OUTPUT && counts.writes++);
  }
  syncBuiltinESMExports();
  return () => ({ ...counts });
}

/** Sees every call of a method, which goes on as it is. */
function tap<K extends string>(
  owner: Record<K, (...args: never[]) => unknown>,
  name: K,
  see: (first: unknown) => void,
): void {
  const method = owner[name] as (...args: unknown[]) => unknown;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    see(args[0]);
    return method.apply(this, args);
  };
}
