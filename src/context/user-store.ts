import { CLS_ID, ClsServiceManager, type ClsService } from 'nestjs-cls';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';

const OWN_IDS = definePatch({
  package: 'nestjs-cls',
  target: 'ClsService.setIfUndefined',
  gives: "`cls.getId()` is the request id, or what the application's own `idGenerator` returns",
  without: "the application's own `idGenerator` is ignored: `cls.getId()` is the request id",
  why: 'nestjs-cls uses a generated id only where the store has none, and the store has the request id',
});

/** Under this key, a store that was opened here, and each copy of it, has its trace. */
const OWNER = Symbol.for('nestjs-tracing.v1.owner');

/** The `nestjs-cls` store: it belongs to the user, and tracing does not read its ids from it. */
export type UserStore = Record<string | symbol, unknown>;

export const cls = sharedState('cls', () => ClsServiceManager.getClsService<UserStore>());

/** Stores that were active when a trace began: the user has run the whole application in one. */
const outerStores = sharedState('outer-stores', () => new WeakSet<UserStore>());

/**
 * Opens the store of a trace: with its ids, for code that injects `ClsService`.
 *
 * @param isInner whether what the user keeps in the current store is copied to it.
 */
export function openUserStore(trace: Trace, isInner: boolean): UserStore {
  const store: UserStore = {
    [OWNER]: trace,
    [CLS_ID]: trace.requestId,
    traceId: trace.traceId,
    requestId: trace.requestId,
    sessionId: trace.sessionId,
  };
  const outer = isInner ? cls.get() : undefined;
  if (outer === undefined) return store;
  if (outer[OWNER] === undefined) outerStores.add(outer);
  return { ...outer, ...store };
}

/**
 * The store to use where a trace is entered again. It is the active one where that belongs to this
 * trace, or was made by the user outside any trace; otherwise the one that was opened with the
 * trace. A store that other requests use is never taken.
 *
 * @param current the trace that the calling code is in.
 */
export function chooseStore(trace: Trace, current: Trace | undefined): UserStore | undefined {
  const store = cls.get();
  if (store === undefined) return trace.userStore;
  const owner = store[OWNER];
  if (owner === trace) return store;
  const isOfUser = owner === undefined && current === undefined && !outerStores.has(store);
  return isOfUser ? store : trace.userStore;
}

/** Lets the id that an application generates replace the request id in the store. */
export function preferGeneratedIds(): void {
  OWN_IDS.methodOfInstance<ClsService<UserStore>, 'setIfUndefined'>(
    cls,
    'setIfUndefined',
    (setIfUndefined) =>
      function (this: ClsService<UserStore>, key: string | symbol, value: unknown): boolean {
        const store = key === CLS_ID && value !== undefined ? cls.get() : undefined;
        const owner = store?.[OWNER] as Trace | undefined;
        if (store === undefined || owner === undefined || store[CLS_ID] !== owner.requestId) {
          return setIfUndefined.call(this, key, value);
        }
        store[CLS_ID] = value;
        return true;
      } as ClsService<UserStore>['setIfUndefined'],
  );
}

/** Runs a function in a store, or in none. */
export function runInUserStore<T>(store: UserStore | undefined, fn: () => T): T {
  if (store === cls.get()) return fn();
  return store === undefined ? cls.exit(fn) : cls.runWith(store, fn);
}
