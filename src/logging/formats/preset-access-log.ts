import { readProperty } from '../../records/json-value.js';

/** What a backend calls the fields of a finish line. */
export interface AccessLogNames {
  /** The fields that {@link fieldsOf} says instead. */
  readonly replaced: ReadonlySet<string>;
  readonly fieldsOf: (entry: object) => Readonly<Record<string, unknown>>;
}

const NANOSECONDS_PER_MS = 1e6;
const NANOSECONDS_PER_S = 1e9;

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span */
export const otelFinish: AccessLogNames = {
  replaced: new Set(['method', 'path', 'route', 'status_code']),
  fieldsOf: (entry) => ({
    'http.request.method': readProperty(entry, 'method'),
    'url.path': readProperty(entry, 'path'),
    'http.route': readProperty(entry, 'route'),
    'http.response.status_code': readProperty(entry, 'status_code'),
  }),
};

/** @see https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-outcome */
const ECS_OUTCOMES: Readonly<Record<string, string>> = {
  completed: 'success',
  errored: 'failure',
  aborted: 'unknown',
};

/**
 * @see https://www.elastic.co/docs/reference/ecs/ecs-http
 * @see https://www.elastic.co/docs/reference/ecs/ecs-event#field-event-duration
 */
export const ecsFinish: AccessLogNames = {
  replaced: new Set(['method', 'path', 'status_code', 'duration_ms']),
  fieldsOf: (entry) => ({
    'http.request.method': readProperty(entry, 'method'),
    'url.path': readProperty(entry, 'path'),
    'http.response.status_code': readProperty(entry, 'status_code'),
    'event.duration': nanoseconds(entry),
    'event.outcome': ECS_OUTCOMES[String(readProperty(entry, 'outcome'))],
  }),
};

/** @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest */
export const gcpFinish: AccessLogNames = {
  replaced: new Set(['method', 'path', 'status_code']),
  fieldsOf: (entry) => {
    const requestMethod = readProperty(entry, 'method');
    const requestUrl = readProperty(entry, 'path');
    const status = readProperty(entry, 'status_code');
    if ((requestMethod ?? requestUrl ?? status) === undefined) return {};
    const latency = `${(nanoseconds(entry) / NANOSECONDS_PER_S).toFixed(6)}s`;
    return { httpRequest: { requestMethod, requestUrl, status, latency } };
  },
};

/** @see https://docs.datadoghq.com/standard-attributes/?product=log */
export const datadogFinish: AccessLogNames = {
  replaced: new Set(['method', 'path', 'status_code', 'duration_ms']),
  fieldsOf: (entry) => ({
    'http.method': readProperty(entry, 'method'),
    'http.url_details.path': readProperty(entry, 'path'),
    'http.status_code': readProperty(entry, 'status_code'),
    duration: nanoseconds(entry),
  }),
};

function nanoseconds(entry: object): number {
  return Math.round((readProperty(entry, 'duration_ms') as number) * NANOSECONDS_PER_MS);
}
