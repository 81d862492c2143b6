import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger, LoggerOptions } from 'winston';
import { isValidId, newTraceId } from '../trace/ids.js';
import type { IdPolicy } from '../trace/open-trace.js';
import {
  checkBoolean,
  checkFunctionOr,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
} from './check.js';
import { TracingConfigError } from './tracing-config.error.js';
import type {
  AccessLogOptions,
  IdOptions,
  IdSource,
  PresetName,
  SessionOptions,
  TraceIdOptions,
  TracingModuleOptions,
} from './tracing-options.js';

/** Where one kind of id comes from, settled at startup. */
export interface ResolvedIdOptions {
  /** `undefined`: the sources of the table of ids. */
  readonly sources: readonly IdSource[] | undefined;
  readonly validate: (value: string) => boolean;
  /** The response header, or `undefined` for none. */
  readonly header: string | undefined;
}

/** Options with their defaults, checked once. */
export interface ResolvedTracingOptions {
  readonly logger: Logger | LoggerOptions | undefined;
  readonly format: 'json' | 'text';
  readonly level: string;
  readonly preset: PresetName | undefined;
  readonly service: string;
  readonly trustIncoming: boolean | ((request: IncomingMessage) => boolean);
  /** How ids are made. */
  readonly ids: IdPolicy;
  readonly requestId: ResolvedIdOptions;
  readonly traceId: ResolvedIdOptions;
  readonly session: ResolvedIdOptions & { readonly key: string | undefined };
  /** Baggage keys that are forwarded. */
  readonly baggage: ReadonlySet<string>;
  readonly accessLog: false | AccessLogOptions;
  readonly interceptor: boolean;
}

const KEYS = [
  'logger',
  'format',
  'level',
  'preset',
  'service',
  'trustIncoming',
  'requestId',
  'traceId',
  'session',
  'baggage',
  'accessLog',
  'interceptor',
] as const satisfies readonly (keyof TracingModuleOptions)[];

const ID_KEYS = ['sources', 'validate', 'generate', 'header'] as const;
const LEVELS = ['fatal', 'error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'] as const;
const PRESETS = ['otel', 'ecs', 'gcp', 'datadog'] as const;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BAGGAGE_KEY = HEADER_NAME;
const MIN_KEY_LENGTH = 16;

/**
 * Checks what the user wrote and settles everything that need not be looked up per request.
 *
 * @throws {TracingConfigError} for the first thing that is wrong.
 */
export function resolveOptions(raw: TracingModuleOptions = {}): ResolvedTracingOptions {
  checkRecord('options', raw);
  checkKeys('', raw, KEYS);
  checkOneOf('format', raw.format, ['json', 'text']);
  checkOneOf('level', raw.level, LEVELS);
  checkOneOf('preset', raw.preset, PRESETS);
  checkString('service', raw.service);
  checkBoolean('interceptor', raw.interceptor);
  checkFunctionOr('trustIncoming', raw.trustIncoming, 'boolean');
  checkLogger(raw);
  checkAccessLog(raw.accessLog);

  const traceId: TraceIdOptions = raw.traceId === 'w3c' ? { format: 'w3c' } : (raw.traceId ?? {});
  checkIdOptions('requestId', raw.requestId);
  checkIdOptions('traceId', traceId, ['format']);
  checkOneOf('traceId.format', traceId.format, ['w3c', 'any']);
  checkSession(raw.session);

  return Object.freeze({
    logger: raw.logger,
    format: raw.format ?? (process.stdout.isTTY ? 'text' : 'json'),
    level: raw.level ?? 'info',
    preset: raw.preset,
    service: raw.service ?? defaultService(),
    trustIncoming: raw.trustIncoming ?? true,
    ids: Object.freeze({
      newTraceId: traceId.generate ?? newTraceId,
      newRequestId: raw.requestId?.generate ?? randomUUID,
      newSessionId: raw.session?.generate ?? randomUUID,
      w3cOnly: traceId.format === 'w3c',
    }),
    requestId: resolveIdOptions(raw.requestId, 'X-Request-ID'),
    traceId: resolveIdOptions(traceId, 'X-Trace-ID'),
    session: { ...resolveIdOptions(raw.session, undefined), key: raw.session?.key },
    baggage: resolveBaggage(raw.baggage),
    accessLog: raw.accessLog ?? {},
    interceptor: raw.interceptor ?? true,
  });
}

/** The name of the application, as OpenTelemetry names it. */
export function defaultService(): string {
  const { OTEL_SERVICE_NAME: otel, npm_package_name: npm } = process.env;
  return otel || npm || 'unknown_service:node';
}

function resolveIdOptions(
  options: IdOptions | undefined,
  header: string | undefined,
): ResolvedIdOptions {
  return Object.freeze({
    sources: options?.sources,
    validate: options?.validate ?? isValidId,
    header: options?.header === false ? undefined : (options?.header ?? header),
  });
}

function resolveBaggage(baggage: TracingModuleOptions['baggage']): ReadonlySet<string> {
  if (baggage === undefined) return new Set();
  checkRecord('baggage', baggage);
  checkKeys('baggage.', baggage, ['allow']);
  const { allow } = baggage;
  if (!Array.isArray(allow) || !allow.every((k) => typeof k === 'string' && BAGGAGE_KEY.test(k))) {
    throw new TracingConfigError(
      'INVALID_BAGGAGE',
      '`baggage.allow` is not a list of baggage keys.',
      "list the keys that may be forwarded, as in `baggage: { allow: ['tenant'] }`.",
    );
  }
  return new Set(allow);
}

function checkLogger({ logger, format, level, preset }: TracingModuleOptions): void {
  if (logger === undefined) return;
  checkRecord('logger', logger);
  const isLogger = typeof (logger as Logger).log === 'function';
  if (isLogger && typeof (logger as Logger).write !== 'function') {
    throw new TracingConfigError(
      'INVALID_LOGGER',
      '`logger` has a `log` method but is not a winston logger.',
      'pass what `winston.createLogger(…)` returns, or the options for it.',
    );
  }
  const isFormatted = isLogger || (logger as LoggerOptions).format !== undefined;
  if (isFormatted && (format !== undefined || preset !== undefined)) {
    throw new TracingConfigError(
      'CONFLICTING_OPTIONS',
      '`format` and `preset` are for the module’s own format, but `logger` brings one.',
      'drop them, or use `traceJson({ preset })` or `traceText()` as the format of your logger.',
    );
  }
  if (level !== undefined) {
    throw new TracingConfigError(
      'CONFLICTING_OPTIONS',
      '`level` is for the module’s own logger, but `logger` is given.',
      'set the level on your logger.',
    );
  }
}

function checkIdOptions(
  name: string,
  options: IdOptions | undefined,
  more: readonly string[] = [],
): void {
  if (options === undefined) return;
  checkRecord(name, options);
  checkKeys(`${name}.`, options, [...ID_KEYS, ...more]);
  checkFunctionOr(`${name}.validate`, options.validate);
  checkFunctionOr(`${name}.generate`, options.generate);
  const { sources, header } = options;
  if (sources !== undefined && !(Array.isArray(sources) && sources.every(isSource))) {
    throw new TracingConfigError(
      'INVALID_SOURCES',
      `\`${name}.sources\` is not a list of header names and functions.`,
      "list them in order, as in `sources: ['x-amzn-trace-id', (request) => …]`.",
    );
  }
  if (header !== undefined && header !== false && !isHeaderName(header)) {
    throw new TracingConfigError(
      'INVALID_HEADER_NAME',
      `\`${name}.header\` is not the name of a header.`,
      'use letters, digits and dashes, or `false` for no header.',
    );
  }
}

function isSource(source: unknown): source is IdSource {
  return typeof source === 'function' || isHeaderName(source);
}

function isHeaderName(value: unknown): value is string {
  return typeof value === 'string' && HEADER_NAME.test(value);
}

function checkSession(session: SessionOptions | undefined): void {
  checkIdOptions('session', session, ['key']);
  const key: unknown = session?.key;
  if (key !== undefined && (typeof key !== 'string' || key.length < MIN_KEY_LENGTH)) {
    throw new TracingConfigError(
      'INVALID_SESSION_KEY',
      `\`session.key\` is not a string of at least ${MIN_KEY_LENGTH} characters.`,
      'give it a random secret, for example from `openssl rand -hex 32`.',
    );
  }
}

function checkAccessLog(accessLog: TracingModuleOptions['accessLog']): void {
  if (accessLog === undefined || accessLog === false) return;
  checkRecord('accessLog', accessLog);
  checkKeys('accessLog.', accessLog, ['exclude', 'level', 'fields', 'message']);
  checkFunctionOr('accessLog.exclude', accessLog.exclude, 'array');
  checkFunctionOr('accessLog.level', accessLog.level, 'string');
  checkFunctionOr('accessLog.fields', accessLog.fields, 'array');
  checkFunctionOr('accessLog.message', accessLog.message, 'string');
  if (Array.isArray(accessLog.exclude)) {
    const isPath = (path: unknown) => typeof path === 'string' || path instanceof RegExp;
    if (!accessLog.exclude.every(isPath)) {
      throw new TracingConfigError(
        'INVALID_OPTION',
        '`accessLog.exclude` holds something that is neither a path nor a pattern.',
        "use paths and patterns, as in `exclude: ['/health', /^\\/static\\//]`.",
      );
    }
  }
}
