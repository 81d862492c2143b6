import type { ACCESS_LOG_FIELDS, AccessLogField, Field } from './fields.js';

type Fields = typeof ACCESS_LOG_FIELDS;
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** The fields that every access log line has. */
type RequiredField = 'duration_ms' | 'outcome';

/**
 * What the access log line says, under the names that it has there. The fields, their meaning and
 * their units are the rows of {@link ACCESS_LOG_FIELDS}.
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

/** What distinguishes a message, a job or a run from others of its kind. */
export type UnitOfWorkFields = Pick<AccessLogRecord, UnitOfWorkField>;

/** What an application does that is not an HTTP request. */
export type UnitOfWorkKind = 'message' | 'job' | 'run';
