import { describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Module, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createLogger } from 'winston';
import { captureLogs } from '../../src/testing/index.js';
import { clusterMetrics, TracingMetricsModule } from '../../src/metrics/index.js';
import { OtlpModule } from '../../src/otlp/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import {
  LogLevels,
  traceFormat,
  traceJson,
  traceTask,
  traceText,
  TracingModule,
  TracingTransport,
} from '../../src/index.js';

/** What JavaScript, or a value of an environment variable, lets a user write. */
type Anything = never;

const root = (options: object) => start(TracingModule.forRoot(options));
const rootAsync = (options: object) => start(TracingModule.forRootAsync(options as Anything));
const otlp = (options: object) => start(TracingModule.forRoot(), OtlpModule.forRoot(options));
const viewer = (options: object) =>
  start(TracingModule.forRoot(), TraceViewerModule.forRoot(options));
const metrics = (options: object) =>
  start(TracingModule.forRoot(), TracingMetricsModule.forRoot(options as Anything));

async function start(...imports: (DynamicModule | typeof TracingModule)[]) {
  const application = await Test.createTestingModule({ imports }).compile();
  await application.close();
}

async function withLevels(use: (levels: LogLevels) => void): Promise<void> {
  const application = await Test.createTestingModule({
    imports: [TracingModule.forRoot({ level: 'error' })],
  }).compile();
  try {
    use(application.get(LogLevels));
  } finally {
    await application.close();
  }
}

const LEVELS = '"fatal", "error", "warn", "info", "http", "debug", "verbose" or "silly"';
@Module({})
class NoOptions {}

/** [what is started with a wrong option, the whole message] */
const GOLDEN: readonly (readonly [start: () => unknown, message: string])[] = [
  // Names.
  [
    () => root({ acessLog: false }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `acessLog` is not an option. Fix: did you mean `accessLog`?',
  ],
  [
    () => root({ accessLog: { slowerthan: 500 } }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `accessLog.slowerthan` is not an option. Fix: did you mean `accessLog.slowerThan`?',
  ],
  [
    () => root({ slowerThan: 500 }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `slowerThan` is not an option. Fix: move it to `TracingModule.forRoot({ accessLog: { slowerThan } })`.',
  ],
  [
    () => root({ spans: { statement: 'text' } }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `spans.statement` is not an option. Fix: move it to `TracingModule.forRoot({ spans: { clients: { statement } } })`.',
  ],
  [
    () => root({ url: 'http://collector:4318' }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `url` is not an option. Fix: move it to `OtlpModule.forRoot({ url })`.',
  ],
  [
    () => root({ path: '/metrics' }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `path` is not an option. Fix: move it to `TraceViewerModule.forRoot({ path })` or `TracingMetricsModule.forRoot({ path })`.',
  ],
  [
    () => root({ redact: { fields: ['iban'] } }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `redact.fields` is not an option. Fix: move it to `TracingModule.forRoot({ accessLog: { fields } })`.',
  ],
  [
    () => root({ baggage: { deny: [] } }),
    '[UNKNOWN_OPTION] TracingModule.forRoot: `baggage.deny` is not an option. Fix: use `baggage.allow`.',
  ],
  [
    () => otlp({ preset: 'otel' }),
    '[UNKNOWN_OPTION] OtlpModule.forRoot: `preset` is not an option. Fix: move it to `TracingModule.forRoot({ preset })`.',
  ],
  [
    () => otlp({ header: { 'x-api-key': 'k' } }),
    '[UNKNOWN_OPTION] OtlpModule.forRoot: `header` is not an option. Fix: did you mean `headers`?',
  ],
  [
    () => viewer({ slowerThan: 200 }),
    '[UNKNOWN_OPTION] TraceViewerModule.forRoot: `slowerThan` is not an option. Fix: move it to `TraceViewerModule.forRoot({ limits: { slowerThan } })`.',
  ],
  [
    () => metrics({ defaultMetric: true }),
    '[UNKNOWN_OPTION] TracingMetricsModule.forRoot: `defaultMetric` is not an option. Fix: did you mean `defaultMetrics`?',
  ],
  [
    () => new TracingTransport({ output: 'stderr' } as Anything),
    '[UNKNOWN_OPTION] TracingTransport: `output` is not an option. Fix: move it to `TracingModule.forRoot({ output })`.',
  ],
  [
    () => traceText({ colours: true } as Anything),
    '[UNKNOWN_OPTION] traceText: `colours` is not an option. Fix: did you mean `colors`?',
  ],
  [
    () => traceTask(() => 1, { logging: true } as Anything),
    '[UNKNOWN_OPTION] traceTask: `logging` is not an option. Fix: use one of name, logger.',
  ],
  [
    () => captureLogs({} as Anything, { silence: true } as Anything),
    '[UNKNOWN_OPTION] captureLogs: `silence` is not an option. Fix: did you mean `silent`?',
  ],

  // Choices.
  [
    () => root({ format: 'jsn' }),
    '[INVALID_FORMAT] TracingModule.forRoot: `format` is "jsn". Fix: did you mean "json"? Use "json" or "text".',
  ],
  [
    () => root({ level: 'trace' }),
    `[INVALID_LEVEL] TracingModule.forRoot: \`level\` is "trace". Fix: did you mean "silly"? Use ${LEVELS}.`,
  ],
  [
    () => root({ level: 'warning' }),
    `[INVALID_LEVEL] TracingModule.forRoot: \`level\` is "warning". Fix: did you mean "warn"? Use ${LEVELS}.`,
  ],
  [
    () => root({ preset: 'dataDog' }),
    '[INVALID_PRESET] TracingModule.forRoot: `preset` is "dataDog". Fix: did you mean "datadog"? Use "otel", "ecs", "gcp" or "datadog".',
  ],
  [
    () => root({ flightRecorder: { when: ['error', 'slowly'] } }),
    '[INVALID_FLIGHT_RECORDER_WHEN] TracingModule.forRoot: `flightRecorder.when` is "slowly". Fix: did you mean "slow"? Use "errored", "rejected", "slow" or "error".',
  ],
  [
    () => root({ accessLog: { level: 'warning' } }),
    `[INVALID_ACCESS_LOG_LEVEL] TracingModule.forRoot: \`accessLog.level\` is "warning", which is not a level of the logger. Fix: did you mean "warn"? Use ${LEVELS}.`,
  ],
  [
    () => root({ accessLog: { fields: ['path', 'durationMs'] } }),
    '[INVALID_OPTION] TracingModule.forRoot: `accessLog.fields` holds "durationMs", which is not a field of the access log line. Fix: did you mean "duration_ms"? For fields of your own, give a function.',
  ],
  [
    () => otlp({ protocol: 'grpc' }),
    '[INVALID_OTLP_OPTION] OtlpModule.forRoot: `protocol` is "grpc". Fix: did you mean "http/protobuf"? Use "http/protobuf" or "http/json".',
  ],
  [
    () => otlp({ keep: 'notables' }),
    '[INVALID_OTLP_OPTION] OtlpModule.forRoot: `keep` is "notables". Fix: did you mean "notable"? Use "all" or "notable", or a function.',
  ],
  [
    () => traceJson({ preset: 'elastic' } as Anything),
    '[INVALID_PRESET] traceJson: `preset` is "elastic". Fix: use "otel", "ecs", "gcp" or "datadog".',
  ],
  [
    () => traceFormat({ preset: 'gpc' } as Anything),
    '[INVALID_PRESET] traceFormat: `preset` is "gpc". Fix: did you mean "gcp"? Use "otel", "ecs", "gcp" or "datadog".',
  ],

  // Values.
  [
    () => root({ accessLog: { slowerThan: '1s' } }),
    '[INVALID_OPTION] TracingModule.forRoot: `accessLog.slowerThan` is "1s". Fix: make it a number of milliseconds, 0 or more.',
  ],
  [
    () => root({ service: 5 }),
    '[INVALID_OPTION] TracingModule.forRoot: `service` is `5`. Fix: make it a non-empty string.',
  ],
  [
    () => root({ trustIncoming: 'loopback' }),
    '[INVALID_OPTION] TracingModule.forRoot: `trustIncoming` is "loopback". Fix: make it a function or a boolean.',
  ],
  [
    () => root({ maxEntryBytes: 100 }),
    '[INVALID_OPTION] TracingModule.forRoot: `maxEntryBytes` is `100`. Fix: make it a whole number of bytes from 1,000 to 16,777,216.',
  ],
  [
    () => root({ requestId: { sources: ['x id'] } }),
    '[INVALID_SOURCES] TracingModule.forRoot: `requestId.sources` holds "x id", which is not a header name or a function. Fix: list them in order, as in `sources: [\'x-amzn-trace-id\', (request) => …]`.',
  ],
  [
    () => root({ outgoing: { trusted: ['https://api.example.com/v1'] } }),
    '[INVALID_TRUSTED_HOST] TracingModule.forRoot: `outgoing.trusted` holds "https://api.example.com/v1", which is not a host name. Fix: name hosts without scheme, port and path, as in `trusted: [\'*.internal.example\']`.',
  ],
  [
    () => root({ logger: new ConsoleLogger() }),
    '[INVALID_LOGGER] TracingModule.forRoot: `logger` is a ConsoleLogger, but not a winston logger. Fix: pass a logger that `winston.createLogger(…)` returned, or options for one.',
  ],
  [
    () => root({ logger: createLogger(), level: 'debug' }),
    '[CONFLICTING_OPTIONS] TracingModule.forRoot: `level` is for the module’s own logger, but `logger` is given. Fix: set the level on your logger.',
  ],
  [
    () => otlp({ url: 'collector:4318' }),
    '[INVALID_OTLP_OPTION] OtlpModule.forRoot: `url` is "collector:4318". Fix: give the full URL of the collector, as in `url: \'http://collector:4318\'`.',
  ],
  [
    () => otlp({ resource: { region: ['eu'] } }),
    '[INVALID_OTLP_OPTION] OtlpModule.forRoot: `resource.region` is the array ["eu"]. Fix: make it a string, a number, `true` or `false`.',
  ],
  [
    () => viewer({ path: '_traces/' }),
    '[INVALID_VIEWER_PATH] TraceViewerModule.forRoot: `path` is "_traces/", which is not the path of a page. Fix: begin it with a slash and end it without one, as in `path: \'/_traces\'`; use letters, digits and `. _ ~ -`.',
  ],
  [
    () => viewer({ limits: { requests: 0 } }),
    '[INVALID_OPTION] TraceViewerModule.forRoot: `limits.requests` is `0`. Fix: make it a finite number, 1 or more.',
  ],
  [
    () => metrics({ path: 'metrics' }),
    '[INVALID_METRICS_PATH] TracingMetricsModule.forRoot: `path` is "metrics", which is not a path. Fix: begin it with a slash, as in `path: \'/metrics\'`, or give `false` to serve none.',
  ],
  [
    () => metrics({ registry: {} }),
    '[INVALID_OPTION] TracingMetricsModule.forRoot: `registry` is an object without properties. Fix: make it a `Registry` of prom-client.',
  ],
  [
    () => clusterMetrics({ path: 'metrics' }),
    '[INVALID_METRICS_PATH] clusterMetrics: `path` is "metrics", which is not a path. Fix: begin it with a slash, as in `path: \'/metrics\'`.',
  ],
  [
    () => new TracingTransport({ bufferSize: '64k' } as Anything),
    '[INVALID_OPTION] TracingTransport: `bufferSize` is "64k". Fix: make it a whole number from 0 to 67108864.',
  ],
  [
    () => new TracingTransport({ destination: '/no-such-folder/app.log' }),
    '[INVALID_DESTINATION] TracingTransport: log lines cannot be written to "/no-such-folder/app.log": the folder /no-such-folder does not exist. Fix: correct the path, create the folder, or pass `mkdir: true`.',
  ],
  [
    () => withLevels((levels) => levels.set({ session: 's' } as Anything, 'debug')),
    '[UNKNOWN_OPTION] LogLevels.set: `target.session` is not an option. Fix: did you mean `target.sessionId`?',
  ],
  [
    () => withLevels((levels) => levels.set({ route: '/a' }, 'debugg')),
    `[INVALID_LEVEL] LogLevels.set: \`level\` is "debugg", which is not a level of the logger. Fix: did you mean "debug"? Use ${LEVELS}.`,
  ],

  // Secrets are described and not shown.
  [
    () => root({ session: { key: 'hunter2' } }),
    '[INVALID_SESSION_KEY] TracingModule.forRoot: `session.key` is a string of 7 characters (not shown), but it needs at least 16. Fix: give it a random secret, for example from `openssl rand -hex 32`.',
  ],
  [
    () => root({ service: { password: 'hunter2' } }),
    '[INVALID_OPTION] TracingModule.forRoot: `service` is an object with "password". Fix: make it a non-empty string.',
  ],
  [
    () => otlp({ url: 'ftp://user:hunter2@collector.example' }),
    "[INVALID_OTLP_OPTION] OtlpModule.forRoot: `url` is a string of 36 characters (not shown). Fix: give the full URL of the collector, as in `url: 'http://collector:4318'`.",
  ],

  // Modules.
  [
    () => start(TracingModule),
    '[WITHOUT_FOR_ROOT] TracingModule is imported without `forRoot`. Fix: write `imports: [TracingModule.forRoot()]` in the root module. Modules that only inject its providers do not import it.',
  ],
  [
    () => start(OtlpModule.forRoot()),
    '[TRACING_NOT_IMPORTED] OtlpModule is imported, but TracingModule is not. Fix: add `TracingModule.forRoot()` to the imports of the root module.',
  ],
  [
    () => start(TracingModule.forRoot({ service: 'a' }), TracingModule.forRoot({ level: 'warn' })),
    '[CONFLICTING_IMPORTS] TracingModule is imported more than once, with different options: { service } and { level }. Fix: import it with its options in the root module, and without options or not at all elsewhere.',
  ],
  [
    () => rootAsync({}),
    '[INVALID_OPTIONS] TracingModule.forRootAsync: none of `useFactory`, `useClass` and `useExisting` is given. Fix: write `TracingModule.forRootAsync({ inject: […], useFactory: (…) => ({ … }) })`.',
  ],
  [
    () => rootAsync({ useFactory: () => ({}), service: 'payments' }),
    '[INVALID_OPTIONS] TracingModule.forRootAsync: `service` is given beside the factory, where it has no effect. Fix: return it from the factory: `useFactory: (…) => ({ service: … })`.',
  ],
  [
    () => rootAsync({ useFactory: () => undefined }),
    '[INVALID_OPTIONS] TracingModule.forRootAsync: the factory returned `undefined`. Fix: return an object of options from it; an empty one, `({})`, for the defaults.',
  ],
  [
    () => rootAsync({ useFactory: async () => ({ levle: 'info' }) }),
    '[UNKNOWN_OPTION] TracingModule.forRootAsync: `levle` is not an option. Fix: did you mean `level`?',
  ],
  [
    () => rootAsync({ useClass: NoOptions }),
    "[INVALID_OPTIONS] TracingModule.forRootAsync: the class of `useClass` or `useExisting` has no method `createTracingOptions`. Fix: add one that returns the options, as in `createTracingOptions() { return { service: 'payments' }; }`.",
  ],
];

describe('a wrong option stops the application with a message that says how to fix it', () => {
  it.each(GOLDEN)('%#: %s', async (wrong, message) => {
    await expect((async () => wrong())()).rejects.toMatchObject({
      name: 'TracingConfigError',
      message,
    });
  });
});
