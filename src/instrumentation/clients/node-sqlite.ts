import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import type { Callback } from './settled-callbacks.js';
import { tracedCall, tracedPrepare, traceRunning, traceRunningOf } from './sqlite-call.js';

interface DatabaseSync {
  prepare: Callback;
  exec: Callback;
  /** From Node 24. */
  createTagStore: Callback;
}

interface NodeSqlite {
  readonly DatabaseSync?: { readonly prototype?: DatabaseSync };
  readonly StatementSync?: { readonly prototype?: object };
}

const WHY =
  'the channel `sqlite.db.query`, from Node 26, publishes the values that are bound, and no errors';
const STATEMENTS = definePatch({
  package: 'node',
  target: 'node:sqlite StatementSync.prototype.run, get, all and iterate',
  gives: 'each statement as a step',
  without: 'statements of `node:sqlite` are not recorded',
  why: WHY,
});
const PREPARE = definePatch({
  package: 'node',
  target: 'node:sqlite DatabaseSync.prototype.prepare',
  gives: 'a statement that cannot be prepared as a failed step',
  without: 'statements of `node:sqlite` that cannot be prepared are not recorded',
  why: WHY,
});
const EXEC = definePatch({
  package: 'node',
  target: 'node:sqlite DatabaseSync.prototype.exec',
  gives: 'what `exec` runs as a step',
  without: 'what `exec` of `node:sqlite` runs is not recorded',
  why: WHY,
});
const TAGS = definePatch({
  package: 'node',
  target: 'node:sqlite DatabaseSync.prototype.createTagStore',
  gives: 'each statement of a tag store as a step',
  without: 'statements of tag stores are not recorded',
  why: 'each store has a class of its own, which Node does not export',
});

/** The statements of Node's own SQLite. */
export const nodeSqlite: ClientInstrumentation = { traceCopy };

function traceCopy(exported: object): void {
  const { DatabaseSync, StatementSync } = exported as NodeSqlite;
  const prototype = DatabaseSync?.prototype;
  traceRunning(STATEMENTS, StatementSync?.prototype, sourceOf);
  PREPARE.method(prototype, 'prepare', (prepare) => tracedPrepare(prepare as Callback));
  EXEC.method(prototype, 'exec', (exec) =>
    tracedCall(exec as Callback, 'exec', (_, [text]) => text),
  );
  if (prototype !== undefined && 'createTagStore' in prototype) {
    TAGS.method(prototype, 'createTagStore', (create) => tracedStores(create as Callback));
  }
}

function tracedStores(create: Callback): Callback {
  return function (...args) {
    const store = create.apply(this, args) as object;
    traceRunningOf(TAGS, store, textOfTemplate);
    return store;
  };
}

function sourceOf(statement: object): unknown {
  return (statement as { readonly sourceSQL?: unknown }).sourceSQL;
}

/** Tag stores bind what is between the parts of a template. */
function textOfTemplate(_: object, [strings]: readonly unknown[]): unknown {
  return Array.isArray(strings) ? strings.join('?') : undefined;
}
