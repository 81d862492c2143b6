import {
  accessLogField,
  ACCESS_LOG_FIELD_NAMES,
  type AccessLogField,
} from '../../records/fields.js';

/** The meaning of a field of a line, under whatever name its logger writes it. */
export type FieldMeaning =
  | 'time'
  | 'level'
  | 'severityNumber'
  | 'status'
  | 'message'
  | 'context'
  | 'trace'
  | 'request'
  | 'correlation'
  | 'session'
  | 'span'
  | 'transaction'
  | 'service'
  | 'loggerName'
  | 'pid'
  | 'hostname'
  | 'process'
  | 'machine'
  | 'bunyanVersion'
  | 'errorType'
  | 'errorMessage'
  | 'errorStack'
  | 'errorCause'
  | AccessLogField
  | 'responseTime'
  | 'durationNs'
  | 'latency'
  | 'url'
  | 'reqMethod'
  | 'reqUrl'
  | 'ecsOutcome'
  | 'queryText'
  | 'attributes'
  | 'resource'
  | 'hidden';

/** A whole URL for some loggers, the path of one for others. */
const URL_NAMES: readonly string[] = [
  'httpRequest.requestUrl',
  'http.url',
  'url.original',
  'http.target',
];

/**
 * The names that loggers use: to read another field, add its name here. A dot also means a field
 * inside an object. Where a line has more than one name of a meaning, the first in the list counts,
 * and the others stay fields.
 */
export const LOG_FIELD_NAMES: Readonly<Partial<Record<FieldMeaning, readonly string[]>>> = {
  time: ['timestamp', 'time', '@timestamp', 'ts', 'timeUnixNano', 'Timestamp', '@t', 'asctime'],
  level: [
    'level',
    'severity',
    'log.level',
    'severityText',
    'SeverityText',
    'levelname',
    '@l',
    'lvl',
  ],
  severityNumber: ['severityNumber', 'SeverityNumber', 'severity_number'],
  // A word is the level, as in Datadog's logs; a number is the status of the response.
  status: ['status'],
  message: ['message', 'msg', 'body', 'Body', '@m', '@mt', 'event'],
  context: ['context', 'log.logger', 'logger.name', 'logger', 'logger_name'],

  trace: [
    ...['trace_id', 'traceId', 'traceID', 'TraceId', 'TraceID', 'trace.id', 'dd.trace_id', '@tr'],
    ...['logging.googleapis.com/trace', 'otelTraceID', 'x-trace-id'],
  ],
  request: [
    ...['request_id', 'requestId', 'requestID', 'RequestId', 'reqId', 'req_id', 'req.id'],
    ...['request.id', 'http.request.id', 'http.request_id', 'x-request-id', 'X-Request-ID'],
    ...['aws_request_id', 'awsRequestId'],
  ],
  correlation: [
    'correlation_id',
    'correlationId',
    'correlationID',
    'CorrelationId',
    'x-correlation-id',
  ],
  session: ['session_id', 'sessionId', 'sessionID', 'SessionId', 'session.id', 'labels.session_id'],
  span: [
    ...['span_id', 'spanId', 'spanID', 'SpanId', 'SpanID', 'span.id', 'dd.span_id', '@sp'],
    ...['logging.googleapis.com/spanId', 'otelSpanID'],
  ],
  transaction: ['transaction.id'],

  service: ['service', 'service.name', 'serviceContext.service', 'dd.service', 'otelServiceName'],
  loggerName: ['name'],
  pid: ['pid'],
  hostname: ['hostname'],
  process: ['process.pid'],
  machine: ['host.name', 'host.hostname'],
  bunyanVersion: ['v'],

  errorType: ['err.type', 'error.type', 'error.name', 'error.kind', 'exception.type'],
  errorMessage: ['err', 'err.message', 'error', 'error.message', 'exception.message'],
  errorStack: [
    ...['err.stack', 'error.stack', 'error.stack_trace', 'exception.stacktrace'],
    ...['stack_trace', 'stack', '@x'],
  ],
  errorCause: ['err.cause', 'error.cause'],

  ...presetNames(),
  status_code: [...namesInPresets('status_code'), 'res.statusCode'],
  reqMethod: ['req.method'],
  reqUrl: ['req.url'],
  url: URL_NAMES,
  responseTime: ['responseTime', 'response_time', 'responseTimeMs'],
  durationNs: ['event.duration'],
  latency: ['httpRequest.latency'],
  ecsOutcome: ['event.outcome'],
  queryText: ['url.query'],

  attributes: ['attributes', 'Attributes'],
  resource: ['resource', 'Resource'],
  hidden: [
    ...['trace_flags', 'traceFlags', 'logging.googleapis.com/trace_sampled', 'ecs.version'],
    ...['event.dataset', 'dd.env', 'dd.version', 'observedTimeUnixNano', '@version'],
    ...['req.query', 'req.params', 'req.headers', 'req.host'],
    ...['req.hostname', 'req.version', 'req.remoteAddress', 'req.remotePort', 'res.headers'],
  ],
};

/**
 * Names that have this meaning only on an access log line: on other lines they are fields like any
 * other.
 */
export const ACCESS_LOG_NAMES: Readonly<Partial<Record<FieldMeaning, readonly string[]>>> = {
  ...Object.fromEntries(
    // The error of a line has meanings of its own.
    ACCESS_LOG_FIELD_NAMES.filter((name) => name !== 'error').map((name) => [
      name,
      [name, ...(accessLogField(name).aliases ?? [])],
    ]),
  ),
  // Datadog's.
  durationNs: ['duration'],
  url: ['url'],
};

/** What the presets of this package call the fields of the access log line. */
function presetNames(): Partial<Record<AccessLogField, readonly string[]>> {
  return Object.fromEntries(
    ACCESS_LOG_FIELD_NAMES.map((name) => [name, namesInPresets(name)] as const).filter(
      ([, names]) => names.length > 0,
    ),
  );
}

/** Without those whose value is converted, which have a meaning of their own here. */
function namesInPresets(field: AccessLogField): readonly string[] {
  const names = Object.values(accessLogField(field).presets ?? {}).flatMap((given) =>
    typeof given === 'string' ? given : given.as === undefined ? given.name : [],
  );
  return [...new Set(names)].filter((name) => !URL_NAMES.includes(name));
}
