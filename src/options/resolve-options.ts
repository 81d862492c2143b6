import type { IncomingMessage } from 'node:http';
import type { Logger, LoggerOptions } from 'winston';
import { newTraceId, newUuid } from '../trace/ids.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import {
  checkBoolean,
  checkFunctionOr,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
  invalid,
} from './check-value.js';
import {
  checkAccessLog,
  checkKey,
  checkIdOptions,
  checkLogger,
  checkSession,
  isToken,
  LEVEL_ALIASES,
} from './check-options.js';
import { enrichWith, type Enrich } from './enrich-option.js';
import { flightRecorder, type ResolvedFlightRecorder } from './flight-recorder-options.js';
import { checkSpans, clientSpans, minAutoSpanMs, repeatedCalls } from './span-options.js';
import { autoSpans, type AutoSpanFilter } from './auto-span-filter.js';
import { completeLimits, lineLimits } from './redact-options.js';
import { generatorOf, noSession, resolveIdOptions, type ResolvedIdOptions } from './id-options.js';
import { idHeaders } from './id-headers.js';
import { writesPreset } from './preset-formats.js';
import { guardCallback } from './guard-callback.js';
import { defaultService } from './service-name.js';
import { namedHosts, trustedHosts } from './trusted-hosts.js';
import { TRACING } from './option-places.js';
import { shownValue } from './shown-value.js';
import { warnOnce } from '../records/warnings.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import type { AccessLogOptions, TraceIdOptions, TracingModuleOptions } from './tracing-options.js';
import type { LineLimits } from '../records/line-limits.js';
import { PRESET_NAMES, type PresetName } from '../records/field.js';

/** Options with their defaults, checked once. */
export interface ResolvedTracingOptions {
  readonly logger: Logger | LoggerOptions | undefined;
  readonly format: 'json' | 'text';
  readonly output: 'stdout' | 'stderr' | undefined;
  readonly level: string;
  readonly console: boolean;
  readonly preset: PresetName | undefined;
  readonly service: string;
  readonly isTrusted: (request: IncomingMessage) => boolean;
  /** The same for messages and jobs, which have no request: a function is not called. */
  readonly trustsMessages: boolean;
  /** How ids are made, and which hosts get them. */
  readonly policy: TracePolicy;
  readonly requestId: ResolvedIdOptions;
  readonly traceId: ResolvedIdOptions;
  readonly session: ResolvedIdOptions & { readonly key: string | undefined };
  /** Baggage keys that are forwarded. */
  readonly baggage: ReadonlySet<string>;
  readonly accessLog: false | AccessLogOptions;
  /** The fields that the application has for a request; `undefined` where it has no such function. */
  readonly enrich: Enrich | undefined;
  /** `undefined` where it is off. */
  readonly flightRecorder: ResolvedFlightRecorder | undefined;
  readonly debugKey: string | undefined;
  readonly interceptor: boolean;
  /** Whether a method, named `Class.method`, is a span; `undefined`: none is. */
  readonly isAutoSpan: AutoSpanFilter | undefined;
  readonly serverTiming: boolean;
  /** What a line may hold, if its format does not say otherwise; `undefined` for the defaults. */
  readonly lineLimits: LineLimits | undefined;
}

/** winston's own levels (npm), most severe first, in the order of NestJS: `debug` before `verbose`. */
export const LOG_LEVELS = [
  'fatal',
  'error',
  'warn',
  'info',
  'http',
  'debug',
  'verbose',
  'silly',
] as const;

/**
 * Checks the user's options and resolves everything that need not be computed per request.
 *
 * @throws {TracingConfigError} for the first thing that is wrong.
 */
export function resolveOptions(raw: TracingModuleOptions = {}): ResolvedTracingOptions {
  checkRecord('options', raw);
  checkKeys(TRACING[''], raw);
  checkOneOf('format', raw.format, ['json', 'text']);
  checkOneOf('output', raw.output, ['stdout', 'stderr']);
  checkOneOf('level', raw.level, LOG_LEVELS, LEVEL_ALIASES);
  checkOneOf('preset', raw.preset, PRESET_NAMES);
  checkString('service', raw.service);
  checkBoolean('interceptor', raw.interceptor);
  checkBoolean('serverTiming', raw.serverTiming);
  checkBoolean('console', raw.console);
  checkFunctionOr('trustIncoming', raw.trustIncoming, 'boolean');
  checkLogger(raw);
  checkPreset(raw);
  checkAccessLog(raw.accessLog);
  checkSpans(raw.spans);
  checkFunctionOr('enrich', raw.enrich);
  checkKey('debugKey', raw.debugKey);

  const traceId = traceIdOptions(raw.traceId);
  checkIdOptions(TRACING.requestId, raw.requestId);
  checkIdOptions(TRACING.traceId, traceId);
  checkOneOf('traceId.format', traceId.format, ['w3c', 'any']);
  checkSession(raw.session);

  const requestId = resolveIdOptions('requestId', raw.requestId, 'X-Request-ID');
  const tracing = resolveIdOptions('traceId', traceId, 'X-Trace-ID');
  const session = resolveIdOptions('session', raw.session, undefined);
  const service = raw.service ?? defaultService();
  const recorder = flightRecorder(raw.flightRecorder);
  return Object.freeze({
    logger: raw.logger,
    format: raw.format ?? (isWatched(raw.output) ? 'text' : 'json'),
    output: raw.output,
    level: raw.level ?? 'info',
    console: raw.console ?? false,
    preset: raw.preset,
    service,
    isTrusted: trustOf(raw.trustIncoming ?? true),
    trustsMessages: raw.trustIncoming !== false,
    policy: Object.freeze({
      application: { service, inFlight: 0 },
      newTraceId: generatorOf('traceId', traceId.generate, newTraceId),
      newRequestId: generatorOf('requestId', raw.requestId?.generate, newUuid),
      newSessionId:
        raw.session?.generate === false
          ? noSession
          : generatorOf('session', raw.session?.generate, newUuid),
      // Backends know W3C ids only, and a trace has one id everywhere.
      w3cOnly: traceId.format === 'w3c' || raw.preset !== undefined || writesPreset(raw.logger),
      clientSpans: clientSpans(raw.spans?.clients),
      minAutoSpanMs: minAutoSpanMs(raw.spans?.auto),
      repeatedCalls: repeatedCalls(raw.spans?.repeated),
      isTrustedHost: trustedHosts(raw.outgoing),
      isTrustedProxy: namedHosts(raw.outgoing),
      recorder,
      debugKey: raw.debugKey,
      levelRules: { current: undefined },
      lateFailures: { current: undefined },
      idHeaders: idHeaders(raw),
      responseHeaders: [requestId, tracing, session].flatMap(({ header }) => header ?? []),
    }),
    requestId,
    traceId: tracing,
    session: Object.freeze({ ...session, key: raw.session?.key }),
    baggage: resolveBaggage(raw.baggage),
    accessLog: raw.accessLog === false ? false : Object.freeze({ ...raw.accessLog }),
    enrich: enrichWith(raw.enrich),
    flightRecorder: recorder,
    debugKey: raw.debugKey,
    interceptor: raw.interceptor ?? true,
    isAutoSpan: autoSpans(raw.spans),
    serverTiming: raw.serverTiming ?? false,
    lineLimits: ownLimits(raw),
  });
}

function ownLimits(raw: TracingModuleOptions): LineLimits | undefined {
  const own = lineLimits(raw);
  return Object.keys(own).length === 0 ? undefined : Object.freeze(completeLimits(own));
}

/** A preset names the fields of JSON, and those that transports of the user's own are given. */
function checkPreset({ format, preset, logger }: TracingModuleOptions): void {
  if (format !== 'text' || preset === undefined || logger?.transports !== undefined) return;
  warnOnce(
    'TRACING_PRESET_UNUSED',
    `TracingModule.forRoot: \`preset\` is "${preset}", but \`format\` is "text", which shows no names of fields, so the preset has no effect. Remove one of them: without \`format\`, the log is text on a terminal and JSON elsewhere`,
  );
}

/** Whether the log is written to a terminal. */
function isWatched(output: TracingModuleOptions['output']): boolean {
  return (output === 'stderr' ? process.stderr : process.stdout).isTTY;
}

function traceIdOptions(traceId: TracingModuleOptions['traceId']): TraceIdOptions {
  if (traceId === 'w3c') return { format: 'w3c' };
  if (typeof traceId === 'object' && traceId !== null) return traceId;
  if (traceId === undefined) return {};
  throw invalid('traceId', traceId, '"w3c", or an object such as `{ sources, generate }`');
}

/** Which requests are trusted; none for which a function throws. */
function trustOf(
  trust: boolean | ((request: IncomingMessage) => boolean),
): (request: IncomingMessage) => boolean {
  if (typeof trust === 'boolean') return () => trust;
  const guarded = guardCallback('trustIncoming', trust);
  return (request) => guarded(request) === true;
}

function resolveBaggage(baggage: TracingModuleOptions['baggage']): ReadonlySet<string> {
  if (baggage === undefined) return new Set();
  checkRecord('baggage', baggage);
  checkKeys(TRACING.baggage, baggage);
  const { allow } = baggage;
  if (!Array.isArray(allow) || !allow.every(isToken)) {
    throw new TracingConfigError(
      'INVALID_BAGGAGE',
      `\`baggage.allow\` is ${shownValue('baggage.allow', allow)}, which is not a list of baggage keys.`,
      "list the keys that may be forwarded, as in `baggage: { allow: ['tenant'] }`.",
    );
  }
  return new Set(allow);
}
