import type { AccessLogRecord } from '../../records/access-log-record.js';
import type { Field } from '../../records/field.js';
import {
  accessLogField,
  ACCESS_LOG_FIELD_NAMES,
  isOutcome,
  type Outcome,
} from '../../records/fields.js';
import { queryIn } from '../../records/query-text.js';
import type { Step } from '../../records/step.js';
import { pathOf } from '../../records/url-path.js';
import type { EntryFields } from './entry-fields.js';

/** Fields of a request, under the names of this package's access log line. */
export type RequestFields = { -readonly [K in keyof AccessLogRecord]?: AccessLogRecord[K] };

const ECS_OUTCOMES: ReadonlyMap<unknown, Outcome> = new Map<unknown, Outcome>([
  ['success', 'completed'],
  ['failure', 'errored'],
  ['unknown', 'aborted'],
]);
const OWN_END = /^(?:Request|Message|Job|Run) finished$/;
const PINO_ABORTED = 'request aborted';
const SERVER_ERROR = 500;
const NANOSECONDS_PER_MS = 1e6;

/** Whether a line is the access log line of its request. */
export function isAccessLogLine(fields: EntryFields, message: string): boolean {
  if (isOwnAccessLogLine(fields, message)) return true;
  const isTimed = (['responseTime', 'durationNs', 'latency'] as const).some(
    (meaning) => fields.get(meaning) !== undefined,
  );
  return (
    isTimed && (fields.getOfAccessLog('status_code') !== undefined || hasNumericStatus(fields))
  );
}

function isOwnAccessLogLine(fields: EntryFields, message: string): boolean {
  const hasDuration = durationMs(fields) !== undefined;
  if (OWN_END.test(message)) return hasDuration;
  return (
    hasDuration &&
    isOutcome(fields.getOfAccessLog('outcome')) &&
    (fields.getOfAccessLog('path') ??
      fields.getOfAccessLog('transport') ??
      fields.getOfAccessLog('url')) !== undefined
  );
}

/** pino-http writes `null` for a status that was never sent. */
function hasNumericStatus(fields: EntryFields): boolean {
  return fields.get('status_code') === null || typeof fields.get('status') === 'number';
}

/** The fields of a request in its access log line. */
export function accessLogFields(fields: EntryFields, message: string): RequestFields {
  const requestFields: RequestFields = { ...fieldsOfOtherLine(fields) };
  for (const name of ACCESS_LOG_FIELD_NAMES) {
    const value = fields.getOfAccessLog(name);
    if (isOfType(value, accessLogField(name).type)) Object.assign(requestFields, { [name]: value });
  }
  const queryText = fields.get('queryText');
  if (typeof queryText === 'string') requestFields.query ??= queryIn(queryText);
  const path = requestFields.path ?? pathIn(fields.getOfAccessLog('url'));
  if (path !== undefined) requestFields.path = path;
  const status = fields.get('status');
  if (typeof status === 'number') requestFields.status_code ??= status;
  const duration = durationMs(fields);
  if (duration !== undefined) requestFields.duration_ms = duration;
  requestFields.outcome = outcomeOf(fields, message, requestFields.status_code);
  const steps = fields.getOfAccessLog('steps');
  if (Array.isArray(steps)) requestFields.steps = steps.filter(isStep);
  return requestFields;
}

/** The fields of a request in any other line: loggers such as pino-http write some on each. */
export function fieldsOfOtherLine(fields: EntryFields): RequestFields | undefined {
  const method = fields.get('reqMethod');
  const path = pathIn(fields.get('reqUrl'));
  if (typeof method !== 'string' && path === undefined) return undefined;
  return {
    ...(typeof method === 'string' && { method }),
    ...(path !== undefined && { path }),
  };
}

function pathIn(url: unknown): string | undefined {
  return typeof url === 'string' ? pathOf(url) : undefined;
}

function durationMs(fields: EntryFields): number | undefined {
  const ms = fields.getOfAccessLog('duration_ms') ?? fields.get('responseTime');
  if (typeof ms === 'number') return ms;
  const nanoseconds = fields.getOfAccessLog('durationNs');
  if (typeof nanoseconds === 'number') return nanoseconds / NANOSECONDS_PER_MS;
  const seconds = fields.get('latency');
  if (typeof seconds !== 'string' || !/^[\d.]+s$/.test(seconds)) return undefined;
  return Math.round(Number(seconds.slice(0, -1)) * 1e6) / 1e3;
}

function outcomeOf(fields: EntryFields, message: string, status: number | undefined): Outcome {
  const outcome = fields.getOfAccessLog('outcome');
  if (isOutcome(outcome)) return outcome;
  if (message === PINO_ABORTED) return 'aborted';
  const ecsOutcome = ECS_OUTCOMES.get(fields.get('ecsOutcome'));
  if (ecsOutcome !== undefined) return ecsOutcome;
  return status !== undefined && status >= SERVER_ERROR ? 'errored' : 'completed';
}

/** Whether a value may be that of a field. Errors and steps are read elsewhere. */
export function isOfType(value: unknown, type: Field['type']): boolean {
  if (type === 'list') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (type === 'record') {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  return typeof value === type;
}

function isStep(step: unknown): step is Step {
  const { name, start_ms: start } = Object(step) as Partial<Record<keyof Step, unknown>>;
  return typeof name === 'string' && typeof start === 'number';
}
