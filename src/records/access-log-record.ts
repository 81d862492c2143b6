import type { Field } from './field.js';
import type { ACCESS_LOG_FIELDS, AccessLogField } from './fields.js';

type Fields = typeof ACCESS_LOG_FIELDS;
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** The fields that every access log line has. */
type RequiredField = 'duration_ms' | 'outcome';

/**
 * The fields of an access log line, by their names in the line. The page "Access log" of the
 * documentation has their meanings and units.
 */
export type AccessLogRecord = {
  readonly [K in keyof Fields as K extends RequiredField ? K : never]: ValueOf<Fields[K]>;
} & {
  readonly [K in keyof Fields as K extends RequiredField ? never : K]?:
    ValueOf<Fields[K]> | undefined;
};

/** The names of the fields that describe a message, a job or a run. */
type UnitOfWorkField = {
  [K in AccessLogField]: Fields[K] extends { readonly ofWork: true } ? K : never;
}[AccessLogField];

/** The fields that describe one message, job or run. */
export type UnitOfWorkFields = Pick<AccessLogRecord, UnitOfWorkField>;

/** The kinds of units of work, which are not HTTP requests. */
export type UnitOfWorkKind = 'message' | 'job' | 'run';

/**
 * What kind of error a request, message, job or run ended with: a status from 500 where one was sent,
 * else the outcome. `undefined` where it completed; a 4xx is the caller's error.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/#error-type
 */
export function errorTypeOf({ outcome, status_code: status }: AccessLogRecord): string | undefined {
  if (outcome === 'completed') return undefined;
  return outcome === 'errored' && status !== undefined && status >= 500 ? String(status) : outcome;
}
