import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Application } from '../../records/application.js';
import { sharedState } from '../../records/shared-state.js';
import type { EntryWriter } from './entry-writer.js';

/**
 * Who gets what is written with `console`, which is one for the whole process.
 *
 * It has no imports but types, so that every traced logger can ask it.
 */
export const consoleState = sharedState('console-entries', () => ({
  /** The applications with `console: true`, the first one first. */
  writers: new Map<Application, EntryWriter>(),
  /** The applications without it, and those that have closed: `console` is unchanged in their traces. */
  unchanged: new WeakSet<Application>(),
  /** How many calls of `console.group` have no `console.groupEnd` yet. */
  openGroups: 0,
  /**
   * Holds `true` in all that loggers do with their entries, also later. `undefined` while no
   * application has the option: then log lines need not enter it.
   */
  writing: undefined as AsyncLocalStorage<true> | undefined,
}));
