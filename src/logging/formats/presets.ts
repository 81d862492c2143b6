import { ownValue } from '../../records/own-value.js';
import type { PresetName } from '../../records/field.js';
import { FLAG_SAMPLED, KNOWN_FLAGS } from '../../trace/traceparent.js';
import type { TraceScope } from '../../trace/trace.js';
import { presetAccessLog, type PresetAccessLog } from './preset-field-names.js';
import { warnOnce } from '../../records/warnings.js';
import { errorFields } from '../../records/json-value.js';
import { redactedField, type Redaction } from '../../records/redaction.js';

/** `undefined` for a session that is left out. */
type IdValue = string | boolean | undefined;

/** How one log backend names the fields of an entry. */
export interface Preset {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly context: string;
  /** The backend's name of a level. Default: the level itself. */
  readonly levelName?: (level: string) => string;
  /** The fields that hold the ids. */
  readonly ids: Readonly<Record<string, (scope: TraceScope) => IdValue>>;
  /** The same outside a context. Default: none, because backends take a `-` for an invalid id. */
  readonly noIds?: Readonly<Record<string, string>>;
  readonly error: (error: Error, redaction: Redaction) => Readonly<Record<string, unknown>>;
  /** Fields of every line: the service, and what else is known at startup. */
  readonly constants: (service: string) => Readonly<Record<string, unknown>>;
  /** The backend's names for the fields of the access log line. */
  readonly accessLog?: PresetAccessLog;
}

/** The fields of an error that are written under other names, and are redacted by their own. */
function fieldsOf(error: Error, redaction: Redaction): Record<string, unknown> {
  const fields = errorFields(error);
  if (redaction.isCustom) {
    for (const name of Object.keys(fields)) {
      fields[name] = redactedField(redaction, ['error', name], fields[name]);
    }
  }
  return fields;
}

const NONE = '-';
const NO_IDS = Object.freeze({});

const ownIds = {
  request_id: ({ trace }: TraceScope) => trace.requestId,
  session_id: ({ trace }: TraceScope) => trace.sessionId,
};

const standard: Preset = {
  timestamp: 'timestamp',
  level: 'level',
  message: 'message',
  context: 'context',
  ids: { trace_id: ({ trace }) => trace.traceId, ...ownIds, span_id: ({ spanId }) => spanId },
  noIds: { trace_id: NONE, request_id: NONE, session_id: NONE, span_id: NONE },
  // Its fields are redacted where they are written.
  error: (error) => ({ error: errorFields(error) }),
  constants: (service) => ({ service }),
};

/**
 * The trace id as backends know it. The module makes every trace id one of these where it finds a
 * preset in its options or in the formats of the logger, but a transport may be added later.
 */
function w3cIdOf({ trace }: TraceScope): string {
  const id = trace.w3cTraceId;
  if (id !== trace.traceId) {
    warnOnce(
      'TRACING_TWO_TRACE_IDS',
      "a log format with a preset writes trace ids that differ from those in `X-Trace-ID`. Set `traceId: 'w3c'`, or give the format to the logger before you pass it to TracingModule",
    );
  }
  return id;
}

/**
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
 */
const otel: Preset = {
  timestamp: 'timestamp',
  level: 'level',
  message: 'message',
  context: 'context',
  ids: {
    trace_id: w3cIdOf,
    span_id: ({ spanId }) => spanId,
    trace_flags: ({ trace }) => `0${trace.origin.flags & KNOWN_FLAGS}`,
    ...ownIds,
  },
  error: (error, redaction) => {
    const { name, message, stack, ...rest } = fieldsOf(error, redaction);
    return {
      'exception.type': name,
      'exception.message': message,
      'exception.stacktrace': stack,
      ...(Object.keys(rest).length > 0 && { error: rest }),
    };
  },
  constants: (service) => ({ 'service.name': service }),
  accessLog: presetAccessLog('otel'),
};

/**
 * @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference
 * @see https://github.com/elastic/ecs-logging/blob/main/spec/spec.json
 */
const ecs: Preset = {
  timestamp: '@timestamp',
  level: 'log.level',
  message: 'message',
  context: 'log.logger',
  ids: {
    'trace.id': w3cIdOf,
    'transaction.id': ({ trace }) => trace.spanId,
    'span.id': ({ spanId }) => spanId,
    'http.request.id': ({ trace }) => trace.requestId,
    'labels.session_id': ({ trace }) => trace.sessionId,
  },
  error: (error, redaction) => {
    return prefixed('error.', fieldsOf(error, redaction), { name: 'type', stack: 'stack_trace' });
  },
  constants: (service) => ({
    'service.name': service,
    'event.dataset': service,
    'ecs.version': '8.11.0',
  }),
  accessLog: presetAccessLog('ecs'),
};

const GCP_SEVERITY: Readonly<Record<string, string>> = {
  fatal: 'CRITICAL',
  error: 'ERROR',
  warn: 'WARNING',
  info: 'INFO',
  http: 'INFO',
  verbose: 'DEBUG',
  debug: 'DEBUG',
  silly: 'DEBUG',
};

/**
 * @see https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
 * @see https://cloud.google.com/error-reporting/docs/formatting-error-messages
 */
const gcp: Preset = {
  timestamp: 'time',
  level: 'severity',
  message: 'message',
  context: 'context',
  levelName: (level) => ownValue(GCP_SEVERITY, level) ?? 'DEFAULT',
  ids: {
    'logging.googleapis.com/trace': (scope) => gcpTrace(w3cIdOf(scope)),
    'logging.googleapis.com/spanId': ({ spanId }) => spanId,
    'logging.googleapis.com/trace_sampled': ({ trace }) =>
      (trace.origin.flags & FLAG_SAMPLED) !== 0,
    ...ownIds,
  },
  error: (error, redaction) => {
    const { stack, ...rest } = fieldsOf(error, redaction);
    return { stack_trace: stack, error: rest };
  },
  constants: (service) => ({ serviceContext: { service } }),
  accessLog: presetAccessLog('gcp'),
};

/**
 * The id alone, which is the preferred form, or with its project where that is known, for tools that
 * still expect the older form.
 *
 * @see https://cloud.google.com/trace/docs/trace-log-integration
 */
function gcpTrace(traceId: string): string {
  const project = process.env['GOOGLE_CLOUD_PROJECT'];
  return project ? `projects/${project}/traces/${traceId}` : traceId;
}

/**
 * Datadog's own tracers write 32 hex digits for a trace and a decimal for a span.
 *
 * @see https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/
 * @see https://docs.datadoghq.com/logs/log_configuration/pipelines/#preprocessing
 * @see https://docs.datadoghq.com/standard-attributes/?product=log
 */
const datadog: Preset = {
  timestamp: 'timestamp',
  level: 'status',
  message: 'message',
  context: 'logger.name',
  // Datadog takes a status that begins with `s` for a success.
  levelName: (level) => (level === 'silly' ? 'debug' : level),
  ids: {
    'dd.trace_id': w3cIdOf,
    'dd.span_id': ({ spanId }) => BigInt(`0x${spanId}`).toString(),
    ...ownIds,
  },
  error: (error, redaction) => {
    return prefixed('error.', fieldsOf(error, redaction), { name: 'kind' });
  },
  constants: (service) => ({
    service,
    'dd.service': service,
    'dd.env': process.env['DD_ENV'],
    'dd.version': process.env['DD_VERSION'],
  }),
  accessLog: presetAccessLog('datadog'),
};

/** Fields below one name, some of them renamed. */
function prefixed(
  prefix: string,
  fields: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      prefix + (ownValue(names, name) ?? name),
      value,
    ]),
  );
}

const PRESETS: Readonly<Record<PresetName, Preset>> = { otel, ecs, gcp, datadog };

/** The names of one backend, or the module's own. */
export function presetOf(name: PresetName | undefined): Preset {
  return name === undefined ? standard : PRESETS[name];
}

/** The ids of a scope under a backend's names; `null` for no context. */
export function idFields(
  preset: Preset,
  scope: TraceScope | null,
): Readonly<Record<string, IdValue>> {
  if (scope === null) return preset.noIds ?? NO_IDS;
  const fields: Record<string, IdValue> = {};
  for (const name of Object.keys(preset.ids)) fields[name] = preset.ids[name]!(scope);
  return fields;
}
