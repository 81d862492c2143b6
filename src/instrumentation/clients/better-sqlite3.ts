import { definePatch } from '../patch.js';
import { ownerOf, type Callback } from './settled-callbacks.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { tracedCall, tracedPrepare, traceRunning } from './sqlite-call.js';

interface Database {
  prepare(...args: unknown[]): object;
  exec(...args: unknown[]): unknown;
  close(): unknown;
}

/** The class that the package exports. */
type DatabaseClass = (new (file: string) => Database) & { readonly prototype?: Database };

const STATEMENTS = definePatch({
  package: 'better-sqlite3',
  target: 'Statement.prototype.run, get, all and iterate',
  gives: 'each statement as a step',
  without: 'statements are not recorded',
  why: 'the option `verbose` of a database has neither a result nor a duration',
});
const PREPARE = definePatch({
  package: 'better-sqlite3',
  target: 'Database.prototype.prepare',
  gives: 'the class of statements, which the package does not export, and their text for `libsql`',
  without: 'statements are not recorded',
  why: 'statements come from nowhere else',
});
const EXEC = definePatch({
  package: 'better-sqlite3',
  target: 'Database.prototype.exec',
  gives: 'what `exec` runs as a step',
  without: 'what `exec` runs is not recorded',
  why: 'the option `verbose` of a database has neither a result nor a duration',
});

/** Those of `libsql` do not show their text. */
const texts = new WeakMap<object, unknown>();
/** The classes of statements that are traced since the last application has started. */
let known = new WeakSet<object>();

/** The statements of better-sqlite3, and of `libsql`, which has the same interface. */
export const betterSqlite3: ClientInstrumentation = { traceCopy };

function traceCopy(exported: object): void {
  const Database = exported as DatabaseClass;
  const { prototype } = Database;
  known = new WeakSet();
  EXEC.method(ownerOf(prototype, 'exec'), 'exec', (exec) =>
    tracedCall(exec as Callback, 'exec', (_, [text]) => text),
  );
  const isTraced = PREPARE.method(
    ownerOf(prototype, 'prepare'),
    'prepare',
    (prepare) => tracedPrepare(prepare as Callback, traceStatement) as Database['prepare'],
  );
  if (isTraced) tracePrepared(Database);
}

function traceStatement(statement: object, text: unknown): void {
  if (!('source' in statement)) texts.set(statement, text);
  const prototype = Object.getPrototypeOf(statement) as object;
  if (known.has(prototype)) return;
  known.add(prototype);
  traceRunning(STATEMENTS, prototype, textOf);
}

function textOf(statement: object): unknown {
  return 'source' in statement ? statement.source : texts.get(statement);
}

/** The class of statements is found with one: an application may have made all of its own already. */
function tracePrepared(Database: DatabaseClass): void {
  try {
    const database = new Database(':memory:');
    database.prepare('SELECT 1');
    database.close();
  } catch {
    // Without its native part where it is looked for: the application names another in its options.
  }
}
