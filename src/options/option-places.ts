/** What takes options, as a user writes it. */
type OptionOwner =
  | 'TracingModule.forRoot'
  | 'OtlpModule.forRoot'
  | 'TraceViewerModule.forRoot'
  | 'TracingMetricsModule.forRoot'
  | 'clusterMetrics'
  | 'TracingTransport'
  | 'traceJson'
  | 'traceText'
  | 'traceFormat'
  | 'traceTask'
  | 'captureLogs'
  | 'LogLevels.set';

/** An object of options: what takes it, where it is, and the options that it may have. */
export interface OptionPlace {
  readonly owner: OptionOwner;
  /** The path of the object, as in `spans.clients`. Empty for the outermost. */
  readonly path: string;
  readonly names: readonly string[];
}

function placesOf<P extends Readonly<Record<string, readonly string[]>>>(
  owner: OptionOwner,
  names: P,
): { readonly [Path in keyof P]: OptionPlace } {
  const places = Object.entries(names).map(([path, list]) => [path, { owner, path, names: list }]);
  return Object.fromEntries(places) as { readonly [Path in keyof P]: OptionPlace };
}

const OF_IDS = ['sources', 'validate', 'generate', 'header'] as const;
const OF_LINES = ['redact', 'maxEntryBytes'] as const;

/** The options of `TracingModule`, by the path of the object that they are in. */
export const TRACING = placesOf('TracingModule.forRoot', {
  '': [
    'logger',
    'format',
    'output',
    'console',
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
    'outgoing',
    'spans',
    'serverTiming',
    'enrich',
    'flightRecorder',
    'debugKey',
    ...OF_LINES,
  ],
  requestId: OF_IDS,
  traceId: [...OF_IDS, 'format'],
  session: [...OF_IDS, 'key'],
  baggage: ['allow'],
  accessLog: ['slowerThan', 'explainFrom', 'request', 'exclude', 'level', 'fields', 'message'],
  outgoing: ['trusted'],
  spans: ['auto', 'clients', 'repeated'],
  'spans.auto': ['include', 'exclude', 'minMs'],
  'spans.clients': ['databases', 'caches', 'llm', 'statement'],
  flightRecorder: ['level', 'entries', 'bytes', 'when'],
  redact: ['keys', 'paths', 'replace'],
});

/** The options of the other functions and classes of the core. */
export const TRANSPORT = placesOf('TracingTransport', {
  '': [
    ...['destination', 'mkdir', 'bufferSize', 'flushInterval', 'level', 'format', 'silent'],
    ...['handleExceptions', 'handleRejections'],
  ],
})[''];
export const TRACE_JSON = placesOf('traceJson', { '': ['preset', 'service', ...OF_LINES] })[''];
export const TRACE_TEXT = placesOf('traceText', {
  '': ['sessionLength', 'colors', 'context', ...OF_LINES],
})[''];
export const TRACE_FORMAT = placesOf('traceFormat', { '': ['preset', ...OF_LINES] })[''];
export const TRACE_TASK = placesOf('traceTask', { '': ['name', 'logger'] })[''];
export const LEVEL_RULE = placesOf('LogLevels.set', {
  target: ['sessionId', 'requestId', 'traceId', 'route', 'handler', 'field'],
  options: ['forMs', 'entries'],
});

/** The options of the other entries of the package. */
export const OTLP = placesOf('OtlpModule.forRoot', {
  '': [...['url', 'headers', 'protocol', 'traces', 'logs', 'keep', 'resource'], 'shutdownTimeout'],
})[''];
export const VIEWER = placesOf('TraceViewerModule.forRoot', {
  '': ['path', 'authorize', 'limits', 'keep', 'shared'],
  limits: [
    ...['requests', 'lines', 'bytes', 'requestsPerSecond', 'linesPerSecond', 'slowerThan'],
    ...['bodyBytes', 'pages'],
  ],
  keep: ['folder', 'bytes', 'maxAgeMs'],
});
export const METRICS = placesOf('TracingMetricsModule.forRoot', {
  '': ['path', 'registry', 'defaultMetrics', 'cluster'],
})[''];
export const CLUSTER_METRICS = placesOf('clusterMetrics', { '': ['path'] })[''];
export const CAPTURE_LOGS = placesOf('captureLogs', { '': ['silent'] })[''];

const MODULES: readonly OptionPlace[] = [
  ...Object.values(TRACING),
  OTLP,
  ...Object.values(VIEWER),
  METRICS,
];

/**
 * Where an option of this name belongs, as code: elsewhere in the options of the same function, and
 * in those of other modules.
 */
export function placesFor(name: string, from: OptionPlace): { own: string[]; others: string[] } {
  // What these take are arguments of a call while the application runs.
  if (from.owner === 'LogLevels.set') return { own: [], others: [] };
  const fitting = MODULES.filter((place) => place !== from && place.names.includes(name));
  const code = (isOwn: boolean): string[] =>
    fitting
      .filter(({ owner }) => (owner === from.owner) === isOwn)
      .slice(0, 2)
      .map((place) => codeOf(place, name));
  return { own: code(true), others: code(false) };
}

/** An option as a user writes it: `TracingModule.forRoot({ accessLog: { slowerThan } })`. */
function codeOf({ owner, path }: OptionPlace, name: string): string {
  const outer = path === '' ? [] : path.split('.');
  const inner = outer.reduceRight((code, key) => `${key}: { ${code} }`, name);
  return `\`${owner}({ ${inner} })\``;
}
