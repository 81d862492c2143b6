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
  /** Where a page is open while it is timed: a stream of Server-Sent Events. */
  page?: string;
}

export const bare: Variant = { name: 'bare Nest', file: 'bare' };

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

/** Metrics, spans of four methods, and the viewer, without a page that is open. */
export const everything: Variant = {
  name: 'nestjs-tracing, everything on',
  file: 'tracing',
  option: 'everything',
  idField: 'request_id',
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

export const variants: readonly Variant[] = [
  bare,
  floor,
  ours,
  noInterceptor,
  onConsole,
  everything,
  pino,
  { name: 'nest-winston + cls-rtracer', file: 'nest-winston', idField: 'request_id' },
  nestjsCls,
  openTelemetry,
];

/** Measured with `--viewer`: the cost of the trace viewer while it is closed and while it is open. */
export const viewers: readonly Variant[] = [
  { name: 'with the viewer', file: 'tracing', option: 'viewer', idField: 'request_id' },
  {
    name: 'with the viewer, a page open',
    file: 'tracing',
    option: 'viewer',
    idField: 'request_id',
    page: '/_traces/stream',
  },
];

/** Measured with `--parts`: what the pieces cost by themselves. */
export const parts: readonly Variant[] = [
  { name: 'request hook of the adapter', file: 'parts', option: 'request-hook' },
  { name: 'request hook, `finish` listener', file: 'parts', option: 'finish-listener' },
  { name: 'request hook, `AsyncLocalStorage.run`', file: 'parts', option: 'context' },
  { name: 'empty Nest middleware', file: 'parts', option: 'middleware' },
  { name: 'pass-through global interceptor', file: 'parts', option: 'interceptor' },
];
