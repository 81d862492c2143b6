export interface Variant {
  name: string;
  /** The program in `variants/`. */
  file: string;
  /** Distinguishes variants that share a file. */
  option?: string;
  /** A program in `variants/` that must run before the server's imports. */
  preload?: string;
  /** The key of the request's id in each JSON line; a variant without one writes no lines. */
  idField?: string;
  /** Of a request. Default: 4. */
  lines?: number;
  /** What the last line of a request has to hold. */
  shows?: RegExp;
  /** What does the same work without tracing. Default: {@link bare}. */
  baseline?: Variant;
  /** A package that is installed for this variant alone, into a folder of its own. */
  installs?: string;
  /** Where a page is open while it is timed: a stream of Server-Sent Events. */
  page?: string;
}

export const bare: Variant = { name: 'bare Nest', file: 'bare' };

const bareWithQuery: Variant = { name: 'bare Nest, one query', file: 'bare', option: 'query' };
const bareWithDebug: Variant = {
  name: 'bare Nest, two debug lines',
  file: 'bare',
  option: 'recorder',
};
const bareWithAll: Variant = {
  name: 'bare Nest, four methods, one query, two debug lines',
  file: 'bare',
  option: 'everything',
};

/** What does the same work as a variant, without tracing. */
export function baselineOf({ baseline = bare }: Variant): Variant {
  return baseline;
}

export const ours: Variant = { name: 'nestjs-tracing', file: 'tracing', idField: 'request_id' };

export const pino: Variant = { name: 'nestjs-pino', file: 'nestjs-pino', idField: 'req.id' };

export const floor: Variant = { name: 'hand-written floor', file: 'floor', idField: 'request_id' };

export const noInterceptor: Variant = {
  name: 'nestjs-tracing, `interceptor: false`',
  file: 'tracing',
  option: 'no-interceptor',
  idField: 'request_id',
};

/** winston's own transport in the place of ours. */
export const onConsole: Variant = {
  name: 'nestjs-tracing, `interceptor: false`, winston’s Console',
  file: 'tracing',
  option: 'console',
  idField: 'request_id',
};

export const withViewer: Variant = {
  name: 'nestjs-tracing, with the viewer',
  file: 'tracing',
  option: 'viewer',
  idField: 'request_id',
};

const withRedaction: Variant = {
  name: 'nestjs-tracing, own keys and paths in `redact`',
  file: 'tracing',
  option: 'redact',
  idField: 'request_id',
};

const withRecorder: Variant = {
  name: 'nestjs-tracing, flight recorder with two debug lines',
  file: 'tracing',
  option: 'recorder',
  idField: 'request_id',
  baseline: bareWithDebug,
};

const withQuery: Variant = {
  name: 'nestjs-tracing, one query of pg',
  file: 'tracing',
  option: 'query',
  idField: 'request_id',
  shows: /"db_count":1/,
  baseline: bareWithQuery,
};

/**
 * Metrics, spans of four methods, one query, the flight recorder with two debug lines, and the viewer,
 * without a page that is open.
 */
export const everything: Variant = {
  name: 'nestjs-tracing, everything on',
  file: 'tracing',
  option: 'everything',
  idField: 'request_id',
  shows: /"db_count":1/,
  baseline: bareWithAll,
};

export const nestjsCls: Variant = {
  name: 'nestjs-cls + winston',
  file: 'nestjs-cls',
  idField: 'request_id',
};

export const openTelemetry: Variant = {
  name: 'OpenTelemetry + winston',
  file: 'opentelemetry',
  preload: 'opentelemetry-setup',
  idField: 'trace_id',
};

const others: readonly Variant[] = [
  pino,
  { name: 'nest-winston + cls-rtracer', file: 'nest-winston', idField: 'request_id' },
  nestjsCls,
  {
    name: 'Nest’s `ConsoleLogger` in JSON, with an id',
    file: 'nest-console-logger',
    idField: 'request_id',
  },
  { name: 'evlog, one wide event', file: 'evlog', idField: 'requestId', lines: 1 },
  openTelemetry,
  {
    name: 'OpenTelemetry, all instrumentations + winston',
    file: 'opentelemetry',
    preload: 'auto-instrumentations-setup',
    idField: 'trace_id',
    installs: '@opentelemetry/auto-instrumentations-node@0.81',
  },
];

/** Measured over sockets. */
export const variants: readonly Variant[] = [
  bare,
  floor,
  ours,
  noInterceptor,
  onConsole,
  ...others,
];

/** Measured over connections in memory, where smaller differences show. */
export const allVariants: readonly Variant[] = [
  bare,
  bareWithQuery,
  bareWithDebug,
  bareWithAll,
  floor,
  ours,
  noInterceptor,
  withRedaction,
  withViewer,
  withRecorder,
  withQuery,
  everything,
  ...others,
];

/** Measured with `--viewer`: the cost of the trace viewer while it is closed and while it is open. */
export const viewers: readonly Variant[] = [
  withViewer,
  { ...withViewer, name: 'nestjs-tracing, with the viewer, a page open', page: '/_traces/stream' },
];

/** Measured with `--parts`: what the pieces cost by themselves. */
export const parts: readonly Variant[] = [
  { name: 'request hook of the adapter', file: 'parts', option: 'request-hook' },
  { name: 'request hook, `finish` listener', file: 'parts', option: 'finish-listener' },
  { name: 'request hook, `AsyncLocalStorage.run`', file: 'parts', option: 'context' },
  { name: 'empty Nest middleware', file: 'parts', option: 'middleware' },
  { name: 'pass-through global interceptor', file: 'parts', option: 'interceptor' },
];
