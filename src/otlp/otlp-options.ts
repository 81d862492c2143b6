import type { AccessLogRecord } from '../records/access-log-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { isRecord } from '../options/check-import.js';
import { checkKeys, fixOfChoice } from '../options/check-value.js';
import { OTLP } from '../options/option-places.js';
import { shownValue } from '../options/shown-value.js';
import { TracingConfigError } from '../records/tracing-config.error.js';

/** The two encodings of OTLP over HTTP. */
export type OtlpProtocol = 'http/protobuf' | 'http/json';

/** Which traces are exported. */
export type KeptTraces =
  'all' | 'notable' | ((record: AccessLogRecord, request: RequestRecord) => boolean);

/** Options of {@link OtlpModule.forRoot}. Defaults come from the `OTEL_*` environment variables. */
export interface OtlpModuleOptions {
  /** URL of the collector, without `/v1/traces`. Default: `http://localhost:4318`. */
  url?: string | undefined;
  /** Headers of each export request, such as the API key of a vendor. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The encoding. Default: `http/protobuf`. */
  protocol?: OtlpProtocol | undefined;
  /** Whether spans are sent. Default: `true`, but `false` where an OpenTelemetry SDK sends its own. */
  traces?: boolean | undefined;
  /** Whether log entries are sent. Default: `true`. */
  logs?: boolean | undefined;
  /**
   * Which traces are exported, each with all of its spans and log entries of this application, or not
   * at all: `'all'`; `'notable'` for those in which a request, message, job or run failed, was aborted,
   * was slower than `accessLog.slowerThan`, or called `trace.keep()`; or a function that is called when
   * one of them ends, with its access log line. If it throws, the trace is exported. Until then its
   * spans and entries wait in memory, up to 16 MiB. Entries outside of a trace are exported always.
   * Default: `'all'`.
   */
  keep?: KeptTraces | undefined;
  /** Attributes of the service besides its name: `deployment.environment.name`, `service.version`, … */
  resource?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * How long a shutdown waits until everything is sent, in milliseconds. What is not delivered by
   * then is lost, and counted in one warning. Default: 5000.
   */
  shutdownTimeout?: number | undefined;
}

const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json'];
const KEPT = ['all', 'notable'];

/**
 * Validates the options.
 *
 * @throws {TracingConfigError} for the first invalid option.
 */
export function checkOtlpOptions(options: OtlpModuleOptions): void {
  checkKeys(OTLP, options);
  const { url, headers, protocol, traces, logs, keep, resource, shutdownTimeout } = options;
  if (url !== undefined && !isHttpUrl(url)) {
    fail('url', url, "give the full URL of the collector, as in `url: 'http://collector:4318'`.");
  }
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    fail('protocol', protocol, fixOfChoice(protocol, PROTOCOLS, { grpc: 'http/protobuf' }));
  }
  for (const [name, value] of Object.entries({ headers, resource })) {
    if (value === undefined) continue;
    if (!isRecord(value)) fail(name, value, "make it an object, as in `{ name: 'value' }`.");
    for (const [key, item] of Object.entries(value)) {
      if (['string', 'number', 'boolean'].includes(typeof item)) continue;
      fail(`${name}.${key}`, item, 'make it a string, a number, `true` or `false`.');
    }
  }
  for (const [name, value] of Object.entries({ traces, logs })) {
    if (value !== undefined && typeof value !== 'boolean') {
      fail(name, value, 'make it `true` or `false`.');
    }
  }
  if (keep !== undefined && typeof keep !== 'function' && !KEPT.includes(keep)) {
    fail('keep', keep, `${fixOfChoice(keep, KEPT).slice(0, -1)}, or a function.`);
  }
  if (shutdownTimeout !== undefined && !isDelay(shutdownTimeout)) {
    fail('shutdownTimeout', shutdownTimeout, 'make it a number of milliseconds, 0 to 2147483647.');
  }
}

/** Whether a timer accepts a delay. A longer one would fire immediately. */
function isDelay(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 2 ** 31;
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);
}

function fail(name: string, value: unknown, fix: string): never {
  throw new TracingConfigError(
    'INVALID_OTLP_OPTION',
    `\`${name.slice(0, 100)}\` is ${shownValue(name, value)}.`,
    fix,
    OTLP.owner,
  );
}
