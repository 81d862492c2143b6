import type { SpanAttributes } from '../../records/span-record.js';
import type { ClientCallStart } from '../../spans/client-call.js';

/** An operation of MongoDB's driver, in all of its versions. What it holds may change with each. */
export interface MongodbOperation {
  /** The command that is sent; from version 6.21. */
  readonly commandName?: unknown;
  /** What the application gave to `db.command()`. */
  readonly command?: unknown;
  readonly ns?: { readonly db?: unknown; readonly collection?: unknown };
  /** The collection of `aggregate`. */
  readonly target?: unknown;
  readonly collectionName?: unknown;
  /** The collection of `listIndexes`. */
  readonly collectionNamespace?: { readonly collection?: unknown };
  readonly collection?: string | { readonly collectionName?: unknown; readonly dbName?: unknown };
  /** The collection of `create` and `drop`. */
  readonly name?: unknown;
  /** The server that it was sent to; from version 6.21, and earlier for `getMore`. */
  readonly server?: { readonly description?: { readonly hostAddress?: MongodbHost } } | undefined;
}

/** An address as the driver has parsed it. */
export interface MongodbHost {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly socketPath?: string | undefined;
}

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

/** What the name of a command is made of, whoever has made it. */
const COMMAND_NAME = /^[A-Za-z]{1,32}$/;
/** An id in the name of a collection or a database: of a tenant, of a day. */
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d{6,}/gi;
/** MongoDB allows 255 bytes, with the database. */
const MAX_NAME = 128;

/**
 * How a call is recorded: the command and the collection, and never a value of it. `undefined` for
 * what is not recorded.
 *
 * @param address `server.address` and `server.port`, as far as they are known.
 * @param showsCollection whether the collection is shown; else it is the command only.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/mongodb/
 */
export function mongodbCall(
  operation: MongodbOperation,
  address: SpanAttributes,
  showsCollection: boolean,
): ClientCallStart | undefined {
  const named = commandOf(operation);
  if (named === undefined) return undefined;
  const isGiven = named === 'runCommand';
  const command = isGiven ? givenCommand(operation.command) : named;
  if (command === undefined || HIDDEN.has(command.toLowerCase())) return undefined;
  const collection = showsCollection
    ? isGiven
      ? givenCollection(operation.command, command)
      : collectionOf(operation, command)
    : undefined;
  const database = databaseOf(operation);
  return {
    name: collection === undefined ? command : `${command} ${collection}`,
    attributes: {
      'db.system.name': 'mongodb',
      'db.operation.name': command,
      ...(collection !== undefined && { 'db.collection.name': collection }),
      ...(database !== undefined && { 'db.namespace': database }),
      ...address,
    },
  };
}

/** `server.address` and `server.port`. */
export function addressOf(host: MongodbHost | undefined): SpanAttributes {
  if (typeof host?.socketPath === 'string') return { 'server.address': host.socketPath };
  if (typeof host?.host !== 'string') return {};
  return {
    'server.address': host.host,
    ...(typeof host.port === 'number' && { 'server.port': host.port }),
  };
}

function commandOf({ commandName, constructor }: MongodbOperation): string | undefined {
  if (typeof commandName === 'string') {
    return COMMAND_NAME.test(commandName) ? commandName : undefined;
  }
  const name = constructor.name.replace(/Operation$/, '');
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** The first field of what `db.command()` is given names the command. */
function givenCommand(command: unknown): string | undefined {
  const [name] = fieldsOf(command);
  if (name === undefined) return undefined;
  if (HIDDEN.has(name.toLowerCase())) return undefined;
  return OF_COLLECTION.has(name) || OTHER_COMMANDS.has(name) ? name : 'runCommand';
}

function givenCollection(command: unknown, name: string): string | undefined {
  if (!OF_COLLECTION.has(name)) return undefined;
  const value: unknown =
    command instanceof Map ? command.get(name) : Reflect.get(Object(command), name);
  return nameOf(value);
}

/** The names of the fields of a document, which may be a `Map`. */
function fieldsOf(document: unknown): string[] {
  const names = document instanceof Map ? [...document.keys()] : Object.keys(Object(document));
  return names.filter((name) => typeof name === 'string');
}

function collectionOf(operation: MongodbOperation, command: string): string | undefined {
  const { collection, collectionName, collectionNamespace, target, name, ns } = operation;
  const ownName = typeof collection === 'object' ? collection.collectionName : collection;
  const isNamed = command === 'create' || command === 'drop';
  return (
    nameOf(collectionName) ??
    nameOf(ownName) ??
    nameOf(target) ??
    nameOf(collectionNamespace?.collection) ??
    (isNamed ? nameOf(name) : undefined) ??
    nameOf(ns?.collection)
  );
}

function databaseOf({ collection, ns }: MongodbOperation): string | undefined {
  return nameOf(ns?.db) ?? nameOf(Object(collection).dbName as unknown);
}

/** A name without ids, of bounded length; `undefined` for what is none, such as `$cmd`. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.startsWith('$')) return undefined;
  return value.slice(0, MAX_NAME).replace(ID, '?');
}
