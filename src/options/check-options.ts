import type { ResolvedFlightRecorder } from './flight-recorder-options.js';
import type { Logger, LoggerOptions } from 'winston';
import { ACCESS_LOG_FIELD_NAMES } from '../records/fields.js';
import { closestName } from './closest-name.js';
import {
  checkBoolean,
  checkFunctionOr,
  checkKeys,
  checkMilliseconds,
  checkRecord,
  fixOfChoice,
  invalid,
} from './check-value.js';
import { TRACING, type OptionPlace } from './option-places.js';
import { shownValue } from './shown-value.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import type {
  AccessLogOptions,
  IdOptions,
  IdSource,
  SessionOptions,
  TracingModuleOptions,
} from './tracing-options.js';

const MIN_KEY_LENGTH = 16;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function checkLogger({
  logger,
  format,
  output,
  level,
  preset,
  service,
}: TracingModuleOptions): void {
  if (logger === undefined) return;
  checkRecord('logger', logger);
  const methods = ['log', 'info', 'write'] as const;
  const found = methods.filter((name) => typeof (logger as Logger)[name] === 'function');
  const isLogger = found.length === methods.length;
  if (!isLogger && found.length > 0) {
    throw new TracingConfigError(
      'INVALID_LOGGER',
      `\`logger\` is ${nameOfClass(logger)}, but not a winston logger.`,
      'pass a logger that `winston.createLogger(…)` returned, or options for one.',
    );
  }
  const isFormatted = isLogger || (logger as LoggerOptions).format !== undefined;
  if (isFormatted && (format ?? preset ?? service) !== undefined) {
    throw new TracingConfigError(
      'CONFLICTING_OPTIONS',
      '`format`, `preset` and `service` are for the module’s own format, but `logger` has one.',
      'remove them, or use `traceJson({ preset, service })` or `traceText()` as the format of your logger.',
    );
  }
  if (output !== undefined && (isLogger || (logger as LoggerOptions).transports !== undefined)) {
    throw new TracingConfigError(
      'CONFLICTING_OPTIONS',
      '`output` is for the module’s own transport, but `logger` has its own.',
      'remove it, and let the transports of your logger write where you want.',
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

function nameOfClass(logger: object): string {
  const name: unknown = (logger.constructor as { name?: unknown } | undefined)?.name;
  const isNamed = typeof name === 'string' && name !== '' && name !== 'Object';
  return isNamed ? `a ${name.slice(0, 60)}` : 'a logger';
}

export function checkIdOptions(
  place: OptionPlace,
  options: IdOptions | SessionOptions | undefined,
  otherGenerate?: 'boolean',
): void {
  const name = place.path;
  if (options === undefined) return;
  checkRecord(name, options);
  checkKeys(place, options);
  checkFunctionOr(`${name}.validate`, options.validate);
  checkFunctionOr(`${name}.generate`, options.generate, otherGenerate);
  const { sources, header } = options;
  const wrong: unknown = Array.isArray(sources)
    ? sources.find((source) => !isSource(source))
    : sources;
  if (wrong !== undefined) {
    const verb = Array.isArray(sources) ? 'holds' : 'is';
    throw new TracingConfigError(
      'INVALID_SOURCES',
      `\`${name}.sources\` ${verb} ${shownValue(`${name}.sources`, wrong)}, which is not ${verb === 'is' ? 'a list of header names and functions' : 'a header name or a function'}.`,
      "list them in order, as in `sources: ['x-amzn-trace-id', (request) => …]`.",
    );
  }
  if (header !== undefined && header !== false && !isToken(header)) {
    throw new TracingConfigError(
      'INVALID_HEADER_NAME',
      `\`${name}.header\` is ${shownValue(`${name}.header`, header)}, which is not the name of a header.`,
      'use letters, digits and dashes, or `false` for no header.',
    );
  }
}

function isSource(source: unknown): source is IdSource {
  return typeof source === 'function' || isToken(source);
}

/** A token of RFC 9110: what the name of a header and a key of baggage are made of. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

export function checkSession(session: SessionOptions | undefined): void {
  checkIdOptions(TRACING.session, session, 'boolean');
  if (session?.generate === (true as unknown)) {
    throw invalid('session.generate', true, 'a function, or `false` for no session');
  }
  checkKey('session.key', session?.key);
}

/** Throws for a secret that is too short to be one. */
export function checkKey(name: string, key: unknown): void {
  if (key !== undefined && (typeof key !== 'string' || key.length < MIN_KEY_LENGTH)) {
    throw new TracingConfigError(
      name === 'session.key' ? 'INVALID_SESSION_KEY' : 'INVALID_DEBUG_KEY',
      `\`${name}\` is ${shownValue(name, key)}, but it needs at least ${MIN_KEY_LENGTH}${typeof key === 'string' && key !== '' ? '' : ' characters of text'}.`,
      'give it a random secret, for example from `openssl rand -hex 32`.',
    );
  }
}

export function checkAccessLog(accessLog: TracingModuleOptions['accessLog']): void {
  if (accessLog === undefined || accessLog === false) return;
  checkRecord('accessLog', accessLog);
  checkKeys(TRACING.accessLog, accessLog);
  checkBoolean('accessLog.request', accessLog.request);
  checkStatus('accessLog.explainFrom', accessLog.explainFrom);
  checkMilliseconds('accessLog.slowerThan', accessLog.slowerThan);
  checkFunctionOr('accessLog.exclude', accessLog.exclude, 'array');
  checkFunctionOr('accessLog.level', accessLog.level, 'string');
  checkFunctionOr('accessLog.fields', accessLog.fields, 'array');
  checkFunctionOr('accessLog.message', accessLog.message, 'string');
  const { exclude, fields } = accessLog;
  const isPath = (path: unknown): boolean => typeof path === 'string' || path instanceof RegExp;
  if (Array.isArray(exclude) && !exclude.every(isPath)) {
    const wrong = exclude.find((path) => !isPath(path));
    throw new TracingConfigError(
      'INVALID_OPTION',
      `\`accessLog.exclude\` holds ${shownValue('accessLog.exclude', wrong)}, which is neither a path nor a pattern.`,
      "use paths and patterns, as in `exclude: ['/health', /^\\/static\\//]`.",
    );
  }
  const known: readonly unknown[] = ACCESS_LOG_FIELD_NAMES;
  if (Array.isArray(fields) && !fields.every((name) => known.includes(name))) {
    const wrong: unknown = fields.find((name) => !known.includes(name));
    const meant =
      typeof wrong === 'string' ? closestName(wrong, ACCESS_LOG_FIELD_NAMES) : undefined;
    throw new TracingConfigError(
      'INVALID_OPTION',
      `\`accessLog.fields\` holds ${shownValue('accessLog.fields', wrong)}, which is not a field of the access log line.`,
      meant === undefined
        ? `choose from ${ACCESS_LOG_FIELD_NAMES.join(', ')}, or give a function.`
        : `did you mean "${meant}"? For fields of your own, give a function.`,
    );
  }
}

function checkStatus(name: string, value: unknown): void {
  if (value === undefined || (Number.isInteger(value) && Number(value) >= 100)) return;
  throw invalid(name, value, 'an HTTP status, such as 400 or 500');
}

/** What NestJS, pino and others call the levels of winston. */
export const LEVEL_ALIASES = { log: 'info', trace: 'silly', critical: 'fatal' } as const;

/** Throws for a flight recorder with a level that the logger does not have. */
export function checkRecorderLevel(
  recorder: ResolvedFlightRecorder | undefined,
  levels: Readonly<Record<string, number>>,
  isLevel: (level: string) => boolean,
): void {
  if (recorder === undefined || isLevel(recorder.level)) return;
  throw new TracingConfigError(
    'INVALID_FLIGHT_RECORDER_LEVEL',
    `\`flightRecorder.level\` is ${shownValue('flightRecorder.level', recorder.level)}, which is not a level of the logger.`,
    fixOfChoice(recorder.level, Object.keys(levels), LEVEL_ALIASES),
    TRACING.flightRecorder.owner,
  );
}

/** Throws for a level that the logger does not have: the access log line would never be written. */
export function checkAccessLogLevel(
  accessLog: false | AccessLogOptions,
  levels: Readonly<Record<string, number>>,
): void {
  const level = accessLog === false ? undefined : accessLog.level;
  if (typeof level !== 'string' || Object.hasOwn(levels, level)) return;
  throw new TracingConfigError(
    'INVALID_ACCESS_LOG_LEVEL',
    `\`accessLog.level\` is ${shownValue('accessLog.level', level)}, which is not a level of the logger.`,
    fixOfChoice(level, Object.keys(levels), LEVEL_ALIASES),
    TRACING.accessLog.owner,
  );
}
