import type { PresetName } from '../options/tracing-options.js';
import { FLAG_SAMPLED, KNOWN_FLAGS } from '../trace/traceparent.js';
import type { TraceScope } from '../trace/trace.js';
import { errorFields } from './json-value.js';

/** How one log backend names the fields of an entry. */
export interface Preset {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly service: string;
  readonly context: string;
  /** The backend's word for a level. Default: the level itself. */
  readonly levelName?: (level: string) => string;
  /** The fields that hold the ids. */
  readonly ids: Readonly<Record<string, (scope: TraceScope) => string | boolean>>;
  /** The same outside a context, where the backend is to see that there was none. */
  readonly noIds: Readonly<Record<string, string>>;
  readonly error: (error: Error) => Readonly<Record<string, unknown>>;
  /** Fields that stand on every line. */
  readonly constants?: Readonly<Record<string, string>>;
}

const NONE = '-';

const ownIds = {
  request_id: ({ trace }: TraceScope) => trace.requestId,
  session_id: ({ trace }: TraceScope) => trace.sessionId,
};

const standard: Preset = {
  timestamp: 'timestamp',
  level: 'level',
  message: 'message',
  service: 'service',
  context: 'context',
  ids: { trace_id: ({ trace }) => trace.traceId, ...ownIds, span_id: ({ spanId }) => spanId },
  noIds: { trace_id: NONE, request_id: NONE, session_id: NONE, span_id: NONE },
  error: (error) => ({ error: errorFields(error) }),
};

/** @see https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
const otel: Preset = {
  ...standard,
  service: 'service.name',
  ids: {
    trace_id: ({ trace }) => trace.w3cTraceId,
    span_id: ({ spanId }) => spanId,
    trace_flags: ({ trace }) => `0${trace.origin.flags & KNOWN_FLAGS}`,
    ...ownIds,
  },
  noIds: { trace_id: NONE, span_id: NONE, trace_flags: '00', request_id: NONE, session_id: NONE },
};

/** @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference */
const ecs: Preset = {
  timestamp: '@timestamp',
  level: 'log.level',
  message: 'message',
  service: 'service.name',
  context: 'log.logger',
  ids: {
    'trace.id': ({ trace }) => trace.w3cTraceId,
    'span.id': ({ spanId }) => spanId,
    'http.request.id': ({ trace }) => trace.requestId,
    'labels.session_id': ({ trace }) => trace.sessionId,
  },
  noIds: {},
  error: (error) => {
    return prefixed('error.', errorFields(error), { name: 'type', stack: 'stack_trace' });
  },
  constants: { 'ecs.version': '8.11.0' },
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

/** @see https://cloud.google.com/logging/docs/structured-logging#special-payload-fields */
const gcp: Preset = {
  timestamp: 'time',
  level: 'severity',
  message: 'message',
  service: 'service',
  context: 'context',
  levelName: (level) => GCP_SEVERITY[level] ?? 'DEFAULT',
  ids: {
    'logging.googleapis.com/trace': ({ trace }) => gcpTrace(trace.w3cTraceId),
    'logging.googleapis.com/spanId': ({ spanId }) => spanId,
    'logging.googleapis.com/trace_sampled': ({ trace }) =>
      (trace.origin.flags & FLAG_SAMPLED) !== 0,
    ...ownIds,
  },
  noIds: {},
  error: (error) => {
    const { stack, ...rest } = errorFields(error);
    return { stack_trace: stack, error: rest };
  },
};

/** The resource name where the project is known, else the bare id, which Cloud Logging takes too. */
function gcpTrace(traceId: string): string {
  const project = process.env['GOOGLE_CLOUD_PROJECT'];
  return project ? `projects/${project}/traces/${traceId}` : traceId;
}

/** @see https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry/ */
const datadog: Preset = {
  timestamp: 'timestamp',
  level: 'status',
  message: 'message',
  service: 'dd.service',
  context: 'logger.name',
  ids: {
    'dd.trace_id': ({ trace }) => lower64BitsInDecimal(trace.w3cTraceId),
    'dd.span_id': ({ spanId }) => lower64BitsInDecimal(spanId),
    ...ownIds,
  },
  noIds: {},
  error: (error) => {
    return prefixed('error.', errorFields(error), { name: 'kind' });
  },
};

function lower64BitsInDecimal(hex: string): string {
  return BigInt(`0x${hex.slice(-16)}`).toString();
}

/** Fields below one name, some of them renamed. */
function prefixed(
  prefix: string,
  fields: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [prefix + (names[name] ?? name), value]),
  );
}

const PRESETS: Readonly<Record<PresetName, Preset>> = { otel, ecs, gcp, datadog };

/** The names of one backend, or the module's own. */
export function presetOf(name: PresetName | undefined): Preset {
  return name === undefined ? standard : PRESETS[name];
}

/** The ids of one scope under a backend's names; `null` stands for no context. */
export function idFields(
  preset: Preset,
  scope: TraceScope | null,
): Readonly<Record<string, string | boolean>> {
  if (scope === null) return preset.noIds;
  const fields: Record<string, string | boolean> = {};
  for (const name of Object.keys(preset.ids)) fields[name] = preset.ids[name]!(scope);
  return fields;
}
