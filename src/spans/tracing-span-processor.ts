import { spanOfContext } from '../context/sdk-spans.js';
import { currentSpan, currentTrace } from '../context/active-trace.js';
import type { Span } from '../trace/span.js';
import { spanKindOf } from '../records/span-kinds.js';
import type { SpanKind } from '../records/span-record.js';
import { ClientCall } from './client-call.js';
import { openSpanBelow } from './open-span.js';

/** What an OpenTelemetry SDK passes to a processor, in its versions 1 and 2. */
interface StartedSpan {
  readonly name: string;
  readonly kind: number;
  readonly instrumentationScope?: { readonly name: string };
  readonly instrumentationLibrary?: { readonly name: string };
  readonly attributes?: Readonly<Record<string, unknown>>;
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

interface ParentContext {
  getValue(key: symbol): unknown;
}

/** Also lists, which none of those that are read here is. */
type Attributes = Readonly<Record<string, unknown>>;

interface EndedSpan {
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes?: Attributes;
  readonly events?: readonly {
    readonly name: string;
    readonly attributes?: Attributes | undefined;
  }[];
}

const STATUS_ERROR = 2;
const OWN_SCOPE = 'nestjs-tracing';
/** Of databases, those that keep what can be computed or read elsewhere. */
const CACHES: ReadonlySet<unknown> = new Set([
  'redis',
  'valkey',
  'keydb',
  'dragonfly',
  'memcached',
  'hazelcast',
  'geode',
]);
/** Such as `pg.connect`, `pg-pool.connect` and `redis-connect`: a connection is not a call. */
const CONNECT = /(?:^|[-.:\s])connect$/i;

/**
 * Adds the spans of other OpenTelemetry instrumentations, such as a database's, to the timeline of
 * the request that they belong to: they are among its steps, and calls to databases and caches count
 * in `db_count`, `db_ms`, `cache_count` and `cache_ms`. Only names, the status of a call and the
 * message of an error are taken over; attributes, such as a query, go to the exporter of your SDK
 * alone.
 *
 * @publicApi
 *
 * @example
 * new NodeSDK({
 *   spanProcessors: [new BatchSpanProcessor(exporter), new TracingSpanProcessor()],
 *   instrumentations: [new PgInstrumentation()],
 * }).start();
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-processor
 */
export class TracingSpanProcessor {
  /** By the SDK's span. Weak, because not every instrumentation ends its spans. */
  private readonly spans = new WeakMap<object, Span>();
  /** Those that are calls to a database or cache, also where the trace has no room for their span. */
  private readonly calls = new WeakMap<object, ClientCall>();
  /** Those inside one of these. */
  private readonly insideCalls = new WeakSet();

  /** Called by the OpenTelemetry SDK. */
  onStart(started: StartedSpan, context: ParentContext): void {
    const { traceId, spanId } = started.spanContext();
    const trace = currentTrace();
    if (trace === undefined || trace.w3cTraceId !== traceId || trace.spanId === spanId) return;
    const scope = started.instrumentationScope ?? started.instrumentationLibrary;
    if (scope?.name === OWN_SCOPE) return;

    const outer = spanOfContext(context);
    const known = outer && this.spans.get(outer);
    // Two requests of one process may have the same trace id.
    const parent = known?.trace === trace ? known : currentSpan(trace);
    const category = categoryOf(started);
    // The commands of a queue that adds a job are no steps, whoever makes their spans.
    if (category !== undefined && parent?.coversCalls === true) return;
    const span = openSpanBelow(trace, parent, {
      name: started.name,
      kind: kindOf(started),
      spanId,
    });
    if (span !== undefined) this.spans.set(started, span);
    // The span of an ORM has that of its driver inside, and both are one call.
    if (outer !== undefined && (this.calls.has(outer) || this.insideCalls.has(outer))) {
      this.insideCalls.add(started);
    } else if (category !== undefined) {
      this.calls.set(started, new ClientCall(trace, category, span));
    }
  }

  /** Called by the OpenTelemetry SDK. */
  onEnd(ended: EndedSpan): void {
    const call = this.calls.get(ended);
    const span = call === undefined ? this.spans.get(ended) : call.span;
    const status = statusOf(ended);
    if (status !== undefined) span?.describe(status);
    const opened = call ?? span;
    if (ended.status.code === STATUS_ERROR) opened?.fail(errorOf(ended));
    else opened?.end();
  }

  /** Called by the OpenTelemetry SDK. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Called by the OpenTelemetry SDK. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** The status of a call over HTTP or gRPC, under the names of this package. */
function statusOf({ attributes = {} }: EndedSpan): Record<string, number> | undefined {
  const http = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  if (typeof http === 'number') return { 'http.response.status_code': http };
  const grpc = attributes['rpc.grpc.status_code'];
  return typeof grpc === 'number' ? { 'rpc.grpc.status_code': grpc } : undefined;
}

/**
 * What a span has failed with: the SDK keeps the name and the message of an exception only.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
 */
function errorOf({ events = [], status }: EndedSpan): object | undefined {
  const thrown = events.findLast(({ name }) => name === 'exception')?.attributes;
  const message = thrown?.['exception.message'] ?? status.message;
  if (typeof message !== 'string' || message === '') return undefined;
  return { name: thrown?.['exception.type'] ?? 'Error', message };
}

/** The span of a consumer is a part of its request here, which is what takes the message. */
function kindOf({ kind }: StartedSpan): SpanKind {
  const name = spanKindOf(kind);
  return name === undefined || name === 'consumer' ? 'internal' : name;
}

/** What a span calls, by the stable attributes of the semantic conventions and by the older ones. */
function categoryOf({ name, attributes }: StartedSpan): 'databases' | 'caches' | undefined {
  const system = attributes?.['db.system.name'] ?? attributes?.['db.system'];
  if (typeof system !== 'string' || CONNECT.test(name)) return undefined;
  return CACHES.has(system.toLowerCase()) ? 'caches' : 'databases';
}
