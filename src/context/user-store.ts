import type { AsyncLocalStorage } from 'node:async_hooks';
import { CLS_ID, ClsServiceManager, type ClsService } from 'nestjs-cls';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';
import { currentTrace } from './active-trace.js';

const STORAGE = definePatch({
  package: 'nestjs-cls',
  target: 'getStore and exit of the storage (als) of ClsService',
  gives: 'a store for each trace, which is made when it is first asked for',
  without: 'each request enters a store of nestjs-cls, which costs more',
  why:
    'a second async storage that is entered costs every promise of a request on Node 20 and 22, ' +
    'and most applications never ask for the store',
});
const OWN_IDS = definePatch({
  package: 'nestjs-cls',
  target: 'ClsService.setIfUndefined',
  gives: "`cls.getId()` is the request id, or what the application's own `idGenerator` returns",
  without: "the application's own `idGenerator` is ignored: `cls.getId()` is the request id",
  why: 'nestjs-cls uses a generated id only where the store has none, and the store has the request id',
});

const MISSING_IDS = definePatch({
  package: 'nestjs-cls',
  target: 'ClsService.get, ClsService.getId',
  gives: 'the ids of the trace, also in a store that the application has made itself',
  without: 'a store that the application has made itself has no ids',
  why: "the store is the application's: nothing is written to one that is not ours",
});

/** The `nestjs-cls` store: it belongs to the user, and tracing does not read its ids from it. */
export type UserStore = Record<string | symbol, unknown>;

type ClsStorage = AsyncLocalStorage<UserStore | undefined>;

/** Under this key, a store that was opened here, and each copy of it, has its trace. */
const OWNER = Symbol.for('nestjs-tracing.v1.owner');
/** What is entered where the application has left its store. */
const LEFT: UserStore = Object.freeze({});

const cls = sharedState('cls', () => ClsServiceManager.getClsService<UserStore>());
const state = sharedState('user-stores', () => ({
  /** Reads what was entered, while {@link provideUserStores} is in effect. */
  entered: undefined as (() => UserStore | undefined) | undefined,
  /** Stores that were active when a trace began: the user has run the whole application in one. */
  outer: new WeakSet<UserStore>(),
}));

/** Gives each trace a store that is made when nestjs-cls first asks for it. */
export function provideUserStores(): void {
  preferGeneratedIds();
  provideMissingIds();
  const storage = clsStorage();
  const isReplaced = STORAGE.method(storage, 'getStore', (getStore) => {
    const entered = (): UserStore | undefined => getStore.call(storage);
    state.entered = entered;
    STORAGE.noteApplied(() => (state.entered = undefined));
    return () => {
      const store = entered();
      if (store !== undefined) return store === LEFT ? undefined : store;
      const trace = currentTrace();
      return trace === undefined ? undefined : (trace.userStore ??= openUserStore(trace));
    };
  });
  // What is left must not be the trace's store again.
  if (isReplaced) {
    STORAGE.method(
      storage,
      'exit',
      () =>
        function (this: ClsStorage, fn, ...args) {
          return this.run(LEFT, fn, ...args);
        },
    );
  }
}

/** The storage of nestjs-cls. Version 7 shares one between its ESM and its CommonJS build. */
function clsStorage(): ClsStorage {
  return Reflect.get(cls, 'als') as ClsStorage;
}

/** Lets the id that an application generates replace the request id in the store. */
function preferGeneratedIds(): void {
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

/** What {@link openUserStore} puts in a store, by its key there. */
const IDS: ReadonlyMap<unknown, 'traceId' | 'requestId' | 'sessionId'> = new Map<
  unknown,
  'traceId' | 'requestId' | 'sessionId'
>([
  [CLS_ID, 'requestId'],
  ['traceId', 'traceId'],
  ['requestId', 'requestId'],
  ['sessionId', 'sessionId'],
]);

/**
 * Gives the ids of the trace where a store has none: a guard, an interceptor or `enterWith` begins
 * with an empty one.
 */
function provideMissingIds(): void {
  type Cls = ClsService<UserStore>;
  MISSING_IDS.methodOfInstance<Cls, 'get'>(cls, 'get', (get) => {
    return function (this: Cls, key?: string | symbol): unknown {
      const value: unknown = get.call(this, key as string);
      if (value !== undefined || key === undefined) return value;
      const id = IDS.get(key);
      return id !== undefined && this.isActive() ? currentTrace()?.[id] : undefined;
    } as Cls['get'];
  });
  MISSING_IDS.methodOfInstance<Cls, 'getId'>(cls, 'getId', (getId) => {
    return function (this: Cls): string {
      const id: string | undefined = getId.call(this);
      const requestId = id === undefined && this.isActive() ? currentTrace()?.requestId : id;
      return requestId as string;
    };
  });
}

/**
 * Makes the store of a trace: with its ids, for code that injects `ClsService`.
 *
 * @param outer what the user keeps already, and is to be found in the new store too.
 */
export function openUserStore(trace: Trace, outer?: UserStore): UserStore {
  const store: UserStore = {
    [OWNER]: trace,
    [CLS_ID]: trace.requestId,
    traceId: trace.traceId,
    requestId: trace.requestId,
    sessionId: trace.sessionId,
  };
  if (outer === undefined) return store;
  if (outer[OWNER] === undefined) state.outer.add(outer);
  return { ...outer, ...store };
}

/**
 * The store to enter with a new trace; `undefined` for that which is made when it is asked for.
 *
 * @param isInner whether what the user keeps in the current store is copied to it.
 */
export function storeForNew(trace: Trace, isInner: boolean): UserStore | undefined {
  // A request that begins where no store is, as nearly all do, costs nothing here.
  if (state.entered !== undefined && state.entered() === undefined) {
    const outer = isInner ? currentTrace()?.userStore : undefined;
    if (outer !== undefined) trace.userStore = openUserStore(trace, outer);
    return undefined;
  }
  trace.userStore = openUserStore(trace, isInner ? cls.get() : undefined);
  return ownStore(trace);
}

/**
 * The store to enter where a trace is entered again. It is the active one where that belongs to this
 * trace, or was made by the user outside any trace; otherwise the trace's. A store that other
 * requests use is never taken.
 *
 * @param current the trace that the calling code is in.
 */
export function chooseStore(trace: Trace, current: Trace | undefined): UserStore | undefined {
  const entered = enteredStore();
  if (entered === undefined) return ownStore(trace);
  const owner = entered[OWNER];
  if (owner === trace) return entered;
  const isOfUser = owner === undefined && current === undefined && !state.outer.has(entered);
  return isOfUser && entered !== LEFT ? entered : ownStore(trace);
}

/** The store that code has entered; `undefined` where the trace's own is used. */
export function enteredStore(): UserStore | undefined {
  return state.entered === undefined ? cls.get() : state.entered();
}

/**
 * Notes the store that the user has made by now as that of the trace: where it is entered again from
 * elsewhere, or at the end of the response, it goes on with it.
 */
export function keepUserStore(trace: Trace): void {
  const entered = enteredStore();
  if (entered === undefined || entered === LEFT) return;
  const owner = entered[OWNER];
  // One that belongs to another trace, which the application may have entered by hand, stays its.
  if (owner === undefined || owner === trace) trace.userStore = entered;
}

/** Runs a function in a store, or in that of the trace. */
export function runInUserStore<T>(store: UserStore | undefined, fn: () => T): T {
  if (store === enteredStore()) return fn();
  return clsStorage().run(store, fn);
}

/** What is entered for the store of a trace: nothing, where it is made when it is asked for. */
function ownStore(trace: Trace): UserStore | undefined {
  return state.entered === undefined ? trace.userStore : undefined;
}
