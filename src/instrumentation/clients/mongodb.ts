import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { SpanAttributes } from '../../records/span-record.js';
import type { Span } from '../../trace/span.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
  type ClientCall,
} from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import {
  addressOf,
  mongodbCall,
  type MongodbHost,
  type MongodbOperation,
} from './mongodb-command.js';
import { isWrappedBySdk } from './sdk-wrapper.js';

/** All operations go through this function of the driver, at the call and before any pool. */
type ExecuteOperation = (
  client: MongodbClient,
  operation: MongodbOperation,
  /** A callback in versions before 6.4. */
  ...more: readonly unknown[]
) => unknown;

interface MongodbClient {
  readonly s?: { readonly options?: { readonly hosts?: readonly MongodbHost[] } };
}

/** What OpenTelemetry's instrumentation wraps. */
interface WrappedMethods {
  readonly command?: unknown;
}

interface ConnectionModule {
  readonly Connection?: { readonly prototype: WrappedMethods };
}

type Callback = (this: unknown, error?: unknown, ...results: unknown[]) => unknown;

const EXECUTION = definePatch({
  package: 'mongodb',
  target: 'executeOperation',
  gives: 'a step for each call to MongoDB, also by Mongoose',
  without: 'calls to MongoDB are not steps',
  why:
    'its command events are off by default, make the driver decode each response a second time ' +
    'where they are on, and leave out the wait for a connection',
});

const ENTRY = /[\\/]mongodb[\\/]lib[\\/]index\.js$/;

export const mongodb: ClientInstrumentation = { prepare: traceLoadedCopies };

/** What a copy exports does not lead to the function that all calls go through. Its files do. */
function traceLoadedCopies(): void {
  const { cache } = createRequire('/');
  for (const file of Reflect.ownKeys(cache) as string[]) {
    if (ENTRY.test(file) && isDriver(cache[file]?.exports)) traceCopy(file);
  }
}

/** Records the calls of the copy of the driver that an entry file belongs to. */
function traceCopy(entry: string): void {
  const load = createRequire(entry);
  const folder = dirname(entry);
  const execution = EXECUTION.read(
    'lib/operations/execute_operation.js',
    () =>
      load(join(folder, 'operations', 'execute_operation.js')) as {
        executeOperation: ExecuteOperation;
      },
  );
  if (execution === undefined) return;
  const { Connection } = loadConnection(() => load(join(folder, 'cmap', 'connection.js')));
  EXECUTION.method(execution, 'executeOperation', (execute) =>
    tracedExecution(execute as ExecuteOperation, Connection?.prototype),
  );
}

function isDriver(exports: unknown): boolean {
  return typeof exports === 'object' && typeof Object(exports).MongoClient === 'function';
}

/** Without it, the spans of an OpenTelemetry instrumentation cannot be told from ours. */
function loadConnection(load: () => unknown): ConnectionModule {
  try {
    return Object(load()) as ConnectionModule;
  } catch {
    // No instrumentation knows such a version either.
    return {};
  }
}

function tracedExecution(
  execute: ExecuteOperation,
  connections: WrappedMethods | undefined,
): ExecuteOperation {
  return function (this: unknown, ...args) {
    const origin = originOfCall('databases');
    if (origin === undefined || isWrappedBySdk(connections?.command)) {
      return execute.apply(this, args);
    }
    const [client, operation] = args;
    const call = openMongodbCall(origin, client, operation);
    if (call === undefined) return execute.apply(this, args);
    const callback = args.findIndex((arg) => typeof arg === 'function');
    if (callback > 0) args[callback] = followCallback(call, operation, args[callback] as Callback);
    const result = execute.apply(this, args);
    if (callback < 0) followPromise(call, operation, result);
    return result;
  };
}

function openMongodbCall(
  origin: CallOrigin,
  client: MongodbClient,
  operation: MongodbOperation,
): ClientCall | undefined {
  const start = readCall(origin, client, operation);
  if (start === undefined) return undefined;
  // A cursor that outlives its request, as that of a change stream does, is no longer a part of it.
  if (origin.trace.finished && start.attributes['db.operation.name'] === 'getMore') {
    return undefined;
  }
  return openClientCall(origin, 'databases', start);
}

function readCall(
  { trace }: CallOrigin,
  client: MongodbClient,
  operation: MongodbOperation,
): ReturnType<typeof mongodbCall> {
  try {
    const showsCollection = trace.policy.clientSpans?.statement !== false;
    return mongodbCall(operation, addressOf(knownHost(client, operation)), showsCollection);
  } catch {
    // The application may give `db.command()` an object that throws when it is read.
    return undefined;
  }
}

/** Which member of a replica set is asked is known only once the operation runs. */
function knownHost(client: MongodbClient, { server }: MongodbOperation): MongodbHost | undefined {
  const hosts = client.s?.options?.hosts;
  return server?.description?.hostAddress ?? (hosts?.length === 1 ? hosts[0] : undefined);
}

function followPromise(call: ClientCall, operation: MongodbOperation, result: unknown): void {
  (result as Promise<unknown>).then(
    (value) => endCall(call, operation, value),
    (error: unknown) => failCall(call, operation, error),
  );
}

function followCallback(
  call: ClientCall,
  operation: MongodbOperation,
  callback: Callback,
): Callback {
  return function (error, ...results) {
    if (error === undefined || error === null) endCall(call, operation, results[0]);
    else failCall(call, operation, error);
    return callback.call(this, error, ...results);
  };
}

function endCall(call: ClientCall, operation: MongodbOperation, result: unknown): void {
  const failure = failureIn(result);
  if (failure !== undefined) {
    failCall(call, operation, failure);
    return;
  }
  if (call.span !== undefined) describe(call.span, operation, undefined);
  call.end();
}

function failCall(call: ClientCall, operation: MongodbOperation, error: unknown): void {
  if (call.span !== undefined) describe(call.span, operation, codeOf(error));
  call.fail(error);
}

function describe(span: Span, { server }: MongodbOperation, code: string | undefined): void {
  const { attributes } = span;
  const isLocated = attributes !== undefined && 'server.address' in attributes;
  const address = isLocated ? undefined : addressOf(server?.description?.hostAddress);
  if (code === undefined && address === undefined) return;
  const more: SpanAttributes = {
    ...address,
    ...(code !== undefined && { 'db.response.status_code': code }),
  };
  span.attributes = { ...attributes, ...more };
}

/** What a bulk write answers with where the driver throws only after the last of its commands. */
function failureIn(result: unknown): Error | undefined {
  const { writeErrors, writeConcernError } = Object(result) as {
    readonly writeErrors?: unknown;
    readonly writeConcernError?: unknown;
  };
  const errors = Array.isArray(writeErrors) ? (writeErrors as unknown[]) : [];
  const first: unknown = errors[0] ?? writeConcernError;
  if (first === undefined || first === null) return undefined;
  // Its text has the values of the document.
  const { code, codeName } = Object(first) as { readonly code?: unknown; codeName?: unknown };
  const what = errors.length > 0 ? `${errors.length} of the writes failed` : 'write concern failed';
  const why = typeof codeName === 'string' ? codeName : `code ${String(code)}`;
  const failure = new Error(`${what}: ${why}`);
  failure.name = 'MongoBulkWriteError';
  return Object.assign(failure, { code });
}

/** The code of the server's response, as in `11000`. */
function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'number' ? String(code) : undefined;
}
