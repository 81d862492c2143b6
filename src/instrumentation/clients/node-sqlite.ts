import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { traceMethods } from './sqlite-call.js';

interface DatabaseSync {
  /** From Node 24. */
  createTagStore?(): object;
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync?: (new (file: string) => DatabaseSync) & { readonly prototype: object };
  readonly StatementSync?: { readonly prototype: object };
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
const EXEC = definePatch({
  package: 'node',
  target: 'node:sqlite DatabaseSync.prototype.exec',
  gives: 'what `exec` runs as a step',
  without: 'what `exec` of `node:sqlite` runs is not recorded',
  why: WHY,
});
const TAGS = definePatch({
  package: 'node',
  target: 'node:sqlite SQLTagStore.prototype.run, get, all and iterate',
  gives: 'each statement of a tag store as a step',
  without: 'statements of tag stores are not recorded',
  why: WHY,
});

const METHODS = ['run', 'get', 'all', 'iterate'] as const;

/** The statements of Node's own SQLite. */
export const nodeSqlite: ClientInstrumentation = { traceCopy };

function traceCopy(exported: object): void {
  const { DatabaseSync, StatementSync } = exported as NodeSqlite;
  traceMethods(STATEMENTS, StatementSync?.prototype, METHODS, sourceOf);
  traceMethods(EXEC, DatabaseSync?.prototype, ['exec'], (_, [text]) => text);
  if (DatabaseSync !== undefined && 'createTagStore' in DatabaseSync.prototype) {
    traceMethods(TAGS, tagStore(DatabaseSync), METHODS, textOfTemplate);
  }
}

function sourceOf(statement: object): unknown {
  return (statement as { readonly sourceSQL?: unknown }).sourceSQL;
}

/** The class of tag stores, which Node does not export. */
function tagStore(DatabaseSync: new (file: string) => DatabaseSync): object | undefined {
  const database = new DatabaseSync(':memory:');
  const store = database.createTagStore?.();
  database.close();
  return store && (Object.getPrototypeOf(store) as object);
}

function textOfTemplate(_: object, [strings]: readonly unknown[]): unknown {
  return Array.isArray(strings) ? strings.join('?') : undefined;
}
