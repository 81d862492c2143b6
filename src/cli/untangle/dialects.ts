import { type Dialect, type FieldNames, placesOf } from './field-places.js';
import {
  DATADOG_TRACE,
  ECS_IDS,
  ECS_LINE,
  FLAT_IDS,
  GCP_TRACE,
  ownDialect,
} from './own-formats.js';

const anywhere = (): undefined => undefined;

function dialect(names: FieldNames, more: Partial<Dialect> = {}): Dialect {
  return { ...placesOf(names, anywhere), prefers: 'first', ...more };
}

/** `correlation_id` is an id only of a logger that has no request id of its own. */
const NO_CORRELATION: FieldNames = { correlation: [] };
/** pino writes the message last, after the fields of the call. */
const PINO: FieldNames = {
  ...{ time: ['time', 'timestamp', '@timestamp'], level: ['level'], message: ['msg', 'message'] },
  ...{ severityNumber: [], status: ['status'], attributes: [], resource: [] },
};
const CLOSED: FieldNames = { attributes: [], resource: [] };

const pinoDialect = dialect(PINO, { hasLooseTrace: true });
const bunyan = dialect(PINO);
const pinoWithDatadog = dialect({ ...PINO, ...DATADOG_TRACE });
const pinoWithGcp = dialect({ ...PINO, ...GCP_TRACE });

const ecs = dialect({
  ...{ ...CLOSED, ...ECS_LINE, ...ECS_IDS, ...NO_CORRELATION },
  session: ['labels.session_id', 'session.id'],
});
/** `@elastic/ecs-pino-format` leaves the id of a Fastify request under its own name. */
const ecsOfPino = dialect({
  ...{ ...CLOSED, ...ECS_LINE, ...ECS_IDS, ...NO_CORRELATION },
  request: ['http.request.id', 'reqId', 'req.id'],
});
const withDatadog = dialect({
  ...{ ...CLOSED, ...DATADOG_TRACE },
  service: ['dd.service', 'service', 'service.name'],
});
const withGcp = dialect({ ...CLOSED, ...GCP_TRACE });
/** What `traceFormat()` adds to the line of another format of winston. */
const withFlatIds = dialect({ ...CLOSED, ...FLAT_IDS, ...NO_CORRELATION });
const withEcsIds = dialect({ ...CLOSED, ...ECS_IDS, ...NO_CORRELATION });

/** @see https://github.com/serilog/serilog-formatting-compact */
const serilog = dialect({
  ...{ ...CLOSED, time: ['@t'], level: ['@l'], message: ['@m', '@mt'] },
  ...{ trace: ['@tr', 'TraceId'], span: ['@sp', 'SpanId'] },
  ...{ request: ['RequestId'], session: ['SessionId'], correlation: ['CorrelationId'] },
});

const OF_RESOURCE: ReadonlySet<string> = new Set([
  ...['service.name', 'process.pid', 'host.name', 'host.hostname'],
]);
const OTLP_REQUEST: FieldNames = {
  request: ['request.id', 'http.request.id', 'request_id', 'requestId', 'reqId'],
  correlation: ['correlation_id', 'correlationId'],
  session: ['session.id', 'session_id', 'sessionId'],
};
const OF_ATTRIBUTES: ReadonlySet<string> = new Set(Object.values(OTLP_REQUEST).flat());

/**
 * A log record of OpenTelemetry. What the application adds is in its attributes.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/
 */
const otlp: Dialect = {
  ...placesOf(
    {
      time: ['timeUnixNano', 'Timestamp', 'timestamp', 'time', 'observedTimeUnixNano'],
      ...{ level: ['severityText', 'SeverityText', 'severity_text'], status: [] },
      severityNumber: ['severityNumber', 'SeverityNumber', 'severity_number'],
      message: ['body', 'Body'],
      trace: ['traceId', 'TraceId', 'trace_id'],
      span: ['spanId', 'SpanId', 'span_id'],
      ...{ service: ['service.name'], process: ['process.pid'] },
      ...{ machine: ['host.name', 'host.hostname'], pid: [], hostname: [], loggerName: [] },
      ...{ attributes: ['attributes', 'Attributes'], resource: ['resource', 'Resource'] },
      ...OTLP_REQUEST,
    },
    (name) => (OF_RESOURCE.has(name) ? 'resource' : OF_ATTRIBUTES.has(name) ? 'attributes' : 'top'),
  ),
  prefers: 'known name',
  hasAttributes: true,
};

const unknown = dialect(CLOSED);
/** Formats that sort the keys, as winston's `json()` does: their order says nothing. */
const unknownSorted = dialect(CLOSED, { prefers: 'known name' });

/** The dialect of a line, by what its writer puts into every line or in front of all else. */
export function dialectOf(entry: object): Dialect {
  const keys = Object.keys(entry);
  const own = ownDialect(keys);
  if (own !== undefined) return own;
  const line = entry as Readonly<Record<string, unknown>>;
  const hasDatadog = has(line, 'dd.trace_id') || hasIn(line, 'dd', 'trace_id');
  const hasGcp = has(line, 'logging.googleapis.com/trace');
  if (isOfPino(line, keys)) {
    if (hasDatadog) return pinoWithDatadog;
    if (hasGcp) return pinoWithGcp;
    return has(line, 'v') && keys.at(0) === 'name' ? bunyan : pinoDialect;
  }
  if (has(line, '@timestamp') && (has(line, 'ecs.version') || hasIn(line, 'ecs', 'version'))) {
    return keys[0] === 'log.level' ? ecsOfPino : ecs;
  }
  if (has(line, '@t')) return serilog;
  if (isOtlp(line)) return otlp;
  // In front of the names that only a field of the call may have on such a line.
  if (has(line, 'trace_id') && has(line, 'request_id') && has(line, 'span_id')) return withFlatIds;
  if (has(line, 'trace.id') && has(line, 'http.request.id')) return withEcsIds;
  if (hasGcp) return withGcp;
  if (hasDatadog) return withDatadog;
  return isSorted(keys) ? unknownSorted : unknown;
}

/** Whether a line is pino's or Bunyan's: they write levels as numbers, or process and host first. */
function isOfPino(line: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  if (has(line, 'level') && typeof line['level'] === 'number') return true;
  return keys[0] === 'level' && keys[1] === 'time' && keys[2] === 'pid';
}

function isOtlp(line: Readonly<Record<string, unknown>>): boolean {
  if (has(line, 'level') || has(line, 'message') || has(line, 'msg')) return false;
  return (
    has(line, 'timeUnixNano') ||
    has(line, 'severityText') ||
    has(line, 'severityNumber') ||
    has(line, 'SeverityText') ||
    has(line, 'SeverityNumber') ||
    has(line, 'severity_text')
  );
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

function has(line: object, name: string): boolean {
  return Object.hasOwn(line, name);
}

function hasIn(line: Readonly<Record<string, unknown>>, name: string, inner: string): boolean {
  if (!has(line, name)) return false;
  const value = line[name];
  return typeof value === 'object' && value !== null && has(value, inner);
}
