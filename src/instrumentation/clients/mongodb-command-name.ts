/** The commands of operations that do not name theirs. Other operations are made of these. */
const COMMANDS: Readonly<Record<string, string>> = {
  Aggregate: 'aggregate',
  CountDocuments: 'aggregate',
  Count: 'count',
  EstimatedDocumentCount: 'count',
  Distinct: 'distinct',
  Find: 'find',
  GetMore: 'getMore',
  KillCursors: 'killCursors',
  Insert: 'insert',
  InsertOne: 'insert',
  Update: 'update',
  UpdateOne: 'update',
  UpdateMany: 'update',
  ReplaceOne: 'update',
  Delete: 'delete',
  DeleteOne: 'delete',
  DeleteMany: 'delete',
  FindAndModify: 'findAndModify',
  FindOneAndDelete: 'findAndModify',
  FindOneAndReplace: 'findAndModify',
  FindOneAndUpdate: 'findAndModify',
  ClientBulkWrite: 'bulkWrite',
  CreateCollection: 'create',
  DropCollection: 'drop',
  DropDatabase: 'dropDatabase',
  Rename: 'renameCollection',
  CreateIndexes: 'createIndexes',
  CreateIndex: 'createIndexes',
  DropIndex: 'dropIndexes',
  DropIndexes: 'dropIndexes',
  ListIndexes: 'listIndexes',
  ListCollections: 'listCollections',
  ListDatabases: 'listDatabases',
  CollStats: 'collStats',
  DbStats: 'dbStats',
  ValidateCollection: 'validate',
  ProfilingLevel: 'profile',
  SetProfilingLevel: 'profile',
  CreateSearchIndexes: 'createSearchIndexes',
  DropSearchIndex: 'dropSearchIndex',
  UpdateSearchIndex: 'updateSearchIndex',
  RunCommand: 'runCommand',
  RunAdminCommand: 'runCommand',
  RunCursorCommand: 'runCommand',
};

/** Operations that are made of others and send nothing themselves, in versions before 6.21. */
const COMPOSED: ReadonlySet<string> = new Set([
  'BulkWrite',
  'BulkWriteShim',
  'Collections',
  'IndexExists',
  'IndexInformation',
  'Indexes',
  'InsertMany',
  'IsCapped',
  'Options',
]);

/**
 * Never recorded: what has credentials, by the driver's own list of commands that it shows nothing
 * of, and what the driver sends for itself.
 *
 * @see https://github.com/mongodb/specifications/blob/master/source/command-logging-and-monitoring/command-logging-and-monitoring.md#security
 */
const HIDDEN: ReadonlySet<string> = new Set(
  [
    'authenticate',
    'saslStart',
    'saslContinue',
    'getnonce',
    'createUser',
    'updateUser',
    'copydbgetnonce',
    'copydbsaslstart',
    'copydb',
    'logout',
    'hello',
    'isMaster',
    'endSessions',
  ].map((name) => name.toLowerCase()),
);

/** The commands whose value is a collection, for those that `db.command()` is given. */
const OF_COLLECTION: ReadonlySet<string> = new Set([
  'aggregate',
  'collMod',
  'collStats',
  'compact',
  'count',
  'create',
  'createIndexes',
  'dataSize',
  'delete',
  'distinct',
  'drop',
  'dropIndexes',
  'find',
  'findAndModify',
  'insert',
  'listIndexes',
  'mapReduce',
  'reIndex',
  'update',
  'validate',
]);

/** The other commands that an application has a reason to run. A further one is `runCommand`. */
const OTHER_COMMANDS: ReadonlySet<string> = new Set([
  'abortTransaction',
  'buildInfo',
  'bulkWrite',
  'commitTransaction',
  'connectionStatus',
  'currentOp',
  'dbHash',
  'dbStats',
  'dropDatabase',
  'explain',
  'fsync',
  'getMore',
  'getParameter',
  'hostInfo',
  'killCursors',
  'killOp',
  'listCollections',
  'listCommands',
  'listDatabases',
  'ping',
  'profile',
  'renameCollection',
  'replSetGetStatus',
  'serverStatus',
  'shardCollection',
  'top',
  'usersInfo',
]);

/** What the name of a command is made of. */
const COMMAND_NAME = /^[A-Za-z]{1,32}$/;

/**
 * The command of an operation of the driver; `undefined` for one that is made of others.
 *
 * @param commandName what the operation says itself, in later versions.
 * @param className the name of its class, as in `InsertOneOperation`.
 */
export function operationCommand(commandName: unknown, className: string): string | undefined {
  const name = className.replace(/Operation$/, '');
  if (COMPOSED.has(name)) return undefined;
  if (typeof commandName === 'string' && COMMAND_NAME.test(commandName)) return commandName;
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** Whether calls of a command are never recorded. */
export function isHidden(command: string): boolean {
  return HIDDEN.has(command.toLowerCase());
}

/** Whether the value of a command is a collection. */
export function namesCollection(command: string): boolean {
  return OF_COLLECTION.has(command);
}

/** The first field of what `db.command()` is given names the command. */
export function givenCommand(command: unknown): string | undefined {
  const [name] = fieldsOf(command);
  if (name === undefined) return undefined;
  if (isHidden(name)) return undefined;
  return OF_COLLECTION.has(name) || OTHER_COMMANDS.has(name) ? name : 'runCommand';
}

/** The names of the fields of a document, which may be a `Map`. */
function fieldsOf(document: unknown): string[] {
  const names = document instanceof Map ? [...document.keys()] : Object.keys(Object(document));
  return names.filter((name) => typeof name === 'string');
}
