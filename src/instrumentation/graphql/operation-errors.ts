import { HttpStatus } from '@nestjs/common';
import { originalOf } from '../external-exceptions.js';
import type { Trace } from '../../trace/trace.js';

/** An error in the result of an operation: one of GraphQL.js. */
interface OperationError {
  /** The field that it is about; missing where no field was resolved. */
  readonly path?: unknown;
  readonly extensions?: unknown;
  /** What was thrown. */
  readonly originalError?: unknown;
  readonly nodes?: readonly { readonly kind?: unknown }[];
}

interface ErrorExtensions {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly http?: { readonly status?: unknown };
}

/** What is thrown with a status: an `HttpException` of NestJS, or one of the HTTP frameworks. */
interface ErrorWithStatus {
  getStatus?(): unknown;
  readonly statusCode?: unknown;
  readonly code?: unknown;
  /** Of the package `http-errors`. */
  readonly expose?: unknown;
  /** An object may have no prototype. */
  readonly constructor?: Function;
}

/**
 * The codes of a client's mistakes, beside the names of the HTTP statuses from 400 to 499.
 *
 * @see https://www.apollographql.com/docs/apollo-server/data/errors#built-in-error-codes
 */
const CLIENT_CODE =
  /^(?:BAD_USER_INPUT|UNAUTHENTICATED|OPERATION_RESOLUTION_FAILURE|GRAPHQL_(?:PARSE|VALIDATION)_FAILED|PERSISTED_QUERY_\w+)$/;
/** The codes of errors that Fastify and Mercurius throw themselves, with a status. */
const FRAMEWORK_CODE = /^(?:FST|MER)_/;
/** The class of Mercurius for errors that a resolver throws, with a status. */
const ERROR_WITH_PROPS = 'ErrorWithProps';
/** Servers wrap what was thrown once or twice. */
const MAX_WRAPPERS = 8;

/**
 * Adds the errors of a result to the access log line: HTTP answers them with the status 200. The
 * first that is not the client's mistake is what the operation has failed with.
 *
 * @param errors as they were thrown: what the client is sent may be without them.
 */
export function noteErrors(trace: Trace | undefined, errors: unknown): void {
  if (trace === undefined || !Array.isArray(errors) || errors.length === 0) return;
  const { work } = trace.metadata;
  const failure: unknown = errors.find((error) => !isClientsMistake(error));
  trace.metadata.work = {
    ...work,
    graphql_errors: (work?.graphql_errors ?? 0) + errors.length,
    error: work?.error ?? originalOf(thrownAs(failure)),
  };
}

/**
 * The same for what was thrown in place of a result: a document that GraphQL.js or the server refuses,
 * or a failure.
 *
 * @returns whether the operation has failed on this side.
 */
export function noteThrown(trace: Trace | undefined, error: unknown): boolean {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  if (name !== 'GraphQLError' && !FRAMEWORK_CODE.test(String(code))) return true;
  noteErrors(trace, [error]);
  return !isClientsMistake(error);
}

/** Whether the client has asked for something that it cannot get, and the server is all right. */
function isClientsMistake(value: unknown): boolean {
  const { path, extensions, originalError, nodes } = Object(value) as OperationError;
  const { code, status, http } = Object(extensions) as ErrorExtensions;
  const declared = statusOf(thrownAs(value)) ?? errorStatus(http?.status) ?? errorStatus(status);
  if (declared !== undefined) return declared < 500;
  if (typeof code === 'string') return CLIENT_CODE.test(code) || isClientStatus(code);
  // A document that cannot be executed, and variables that do not fit.
  return (
    path === undefined && (originalError === undefined || nodes?.[0]?.kind === 'VariableDefinition')
  );
}

/** The innermost error: GraphQL.js and the servers wrap what a resolver has thrown. */
function thrownAs(error: unknown): unknown {
  let thrown = error;
  for (let i = 0; i < MAX_WRAPPERS; i++) {
    const { originalError } = Object(thrown) as OperationError;
    if (originalError === undefined || originalError === null) break;
    thrown = originalError;
  }
  return thrown;
}

/**
 * The status of an error that was thrown to set one. A client of another service has errors with a
 * status as well: that of an answer to the server, which is not the client's mistake.
 */
function statusOf(thrown: unknown): number | undefined {
  const error = Object(thrown) as ErrorWithStatus;
  if (typeof error.getStatus === 'function') return errorStatus(error.getStatus());
  const isMeant =
    typeof error.expose === 'boolean' ||
    error.constructor?.name === ERROR_WITH_PROPS ||
    FRAMEWORK_CODE.test(String(error.code));
  return isMeant ? errorStatus(error.statusCode) : undefined;
}

function errorStatus(status: unknown): number | undefined {
  return typeof status === 'number' && status >= 400 ? status : undefined;
}

function isClientStatus(name: string): boolean {
  const status: unknown = (HttpStatus as Record<string, unknown>)[name];
  return typeof status === 'number' && status >= 400 && status < 500;
}
