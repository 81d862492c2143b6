import type { SpanAttributes } from '../../records/span-record.js';
import type { ClientCallStart } from '../../spans/client-call.js';
import {
  givenCommand,
  isHidden,
  namesCollection,
  operationCommand,
} from './mongodb-command-name.js';

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
  const named = operationCommand(operation.commandName, operation.constructor.name);
  const isGiven = named === 'runCommand';
  const command = isGiven ? givenCommand(operation.command) : named;
  if (command === undefined || isHidden(command)) return undefined;
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

function givenCollection(command: unknown, name: string): string | undefined {
  if (!namesCollection(name)) return undefined;
  const value: unknown =
    command instanceof Map ? command.get(name) : Reflect.get(Object(command), name);
  return nameOf(value);
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
