import { AsyncResource } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { warnOnce } from '../records/warnings.js';
import { filterBaggage } from '../trace/baggage.js';
import { MAX_FIELDS, MAX_FIELDS_TEXT } from '../trace/field-limits.js';
import { isValidId } from '../trace/ids.js';
import { recordingOf } from '../trace/recording.js';
import { carryData, threadHeaders, type CarriedData } from '../trace/carried-data.js';
import { allHeaders, w3cHeaders, type TraceHeaders } from '../trace/propagation.js';
import type { SpanAttributes } from '../records/span-record.js';
import type { TraceMetadata } from '../records/request-record.js';
import { RUN_SPAN, type RunSpan } from './run-span.token.js';
import { currentScope, currentTrace } from './active-trace.js';
import { consumedWork, type ConsumedHeaders, type ConsumedWork } from './consumed-work.js';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from './unit-of-work.js';

/** The ids of a trace that is started by hand. What is missing or invalid is generated. */
export interface TraceSeed {
  /** Any id of 1 to 128 characters of `A-Z a-z 0-9 _ . : @ / + = -`. */
  traceId?: string | undefined;
  requestId?: string | undefined;
  sessionId?: string | undefined;
  /** A W3C header to continue; wins over `traceId`. */
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  baggage?: string | undefined;
  /** For `metadata.transport` and the access log line. Default: `manual`. */
  transport?: string | undefined;
  /** Its name on the access log line, as `job`. */
  name?: string | undefined;
}

/**
 * The trace of the code that is running. Inject it anywhere; it is a singleton that reads the
 * async context, so nothing becomes request-scoped.
 *
 * Outside a context every id is `undefined`, and nothing throws.
 *
 * @publicApi
 *
 * @example
 * constructor(private readonly trace: TraceContext) {}
 *
 * pay() {
 *   this.trace.set('payment', 'p-17');            // on every later line of this request
 *   return this.trace.span('charge', () => this.gateway.charge());
 * }
 */
@Injectable()
export class TraceContext {
  /** @internal */
  constructor(
    @Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions,
    @Inject(RUN_SPAN) private readonly runSpan: RunSpan,
    @Inject(RUN_UNIT_OF_WORK) private readonly runUnitOfWork: RunUnitOfWork,
  ) {}

  /** The id that all services of one user action share: 32 hex digits, or the caller's `X-Request-ID`. */
  get traceId(): string | undefined {
    return currentTrace()?.traceId;
  }

  /** The id of this request alone. */
  get requestId(): string | undefined {
    return currentTrace()?.requestId;
  }

  /** The id of the user's session; if it was derived from a bearer token, a hash of the token. */
  get sessionId(): string | undefined {
    return currentTrace()?.sessionId;
  }

  /** The id of the running span: 16 lower-case hex digits. */
  get spanId(): string | undefined {
    return currentScope()?.spanId;
  }

  /** Method, path, route, handler, transport and start of the request, as known by now. */
  get metadata(): TraceMetadata | undefined {
    const trace = currentTrace();
    if (trace === undefined) return undefined;
    const { transport, startedAt, method, path, route, handler } = trace.metadata;
    return { transport, startedAt, method, path, route, handler };
  }

  /** Monotonic milliseconds since the request began. */
  get elapsedMs(): number | undefined {
    return currentTrace()?.elapsedMs;
  }

  /**
   * Adds a field to every later log line of this request. Does nothing outside a context. A request
   * has at most 256 fields, with 65,536 characters in their names and texts. What is beyond is left
   * out or cut, counted as `dropped_fields` on the access log line, and causes one warning,
   * `TRACING_FIELDS_DROPPED`. A field that is there can always be set again.
   */
  set(key: string, value: unknown): void {
    if (currentTrace()?.setField(key, value) !== false) return;
    warnOnce(
      'TRACING_FIELDS_DROPPED',
      `a request has more than ${MAX_FIELDS} fields of \`trace.set\`, or more than ${MAX_FIELDS_TEXT} characters in them: the rest is left out`,
    );
  }

  /**
   * Writes what the flight recorder holds of this request, message, job or run when it ends, however
   * it ends. Does nothing outside a context and without `flightRecorder`.
   *
   * @example
   * if (order.total !== invoice.total) this.trace.keep();
   */
  keep(): void {
    const trace = currentTrace();
    if (trace !== undefined) trace.isKept = true;
    const recording = trace && recordingOf(trace);
    if (recording !== undefined) recording.isWanted = true;
  }

  /** A field that was added with {@link TraceContext.set}. */
  get<T = unknown>(key: string): T | undefined {
    return currentTrace()?.scope.fields?.[key] as T | undefined;
  }

  /**
   * Adds to a counter, which is a field of the access log line of this request: rows that were read,
   * cache misses, retries. Does nothing outside a context. A request has at most 64 counters; further
   * ones are counted in `dropped_fields`. A counter never replaces a field that the line has.
   *
   * @param amount a number, 1 by default. What is not finite is ignored.
   *
   * @example
   * trace.add('cache_misses');
   * trace.add('rows', rows.length);
   */
  add(key: string, amount = 1): void {
    if (Number.isFinite(amount)) currentTrace()?.count(key, amount);
  }

  /**
   * Runs a function in a trace of its own: for scripts, jobs and tests. Returns what it returns.
   * It writes one access log line when it has ended: `Run finished`.
   *
   * @example
   * await trace.run({ name: 'nightly report' }, () => this.report.build());
   */
  run<T>(seed: TraceSeed | undefined, fn: () => T): T {
    const { baggage } = this.options;
    const carrier = {
      traceparent: seed?.traceparent,
      tracestate: seed?.tracestate,
      baggage: filterBaggage(seed?.baggage, baggage),
      traceId: isValidId(seed?.traceId) ? seed.traceId : undefined,
      requestId: isValidId(seed?.requestId) ? seed.requestId : undefined,
      sessionId: isValidId(seed?.sessionId) ? seed.sessionId : undefined,
    };
    const { transport = 'manual', name } = seed ?? {};
    return this.runUnitOfWork({ kind: 'run', transport, carrier, fields: { job: name } }, fn);
  }

  /**
   * Runs a function as the handler of a message or job that was fetched by hand, with a client that
   * is used directly: kafkajs, amqplib, ioredis, pg. Its trace is the sender's where the headers
   * carry one ({@link TraceContext.headers} makes them), else a new one; never that of the code
   * around it, such as a request. It writes one access log line when the function has ended,
   * `Message finished` or `Job finished`, and is counted and exported as every other message and
   * job.
   *
   * Returns what the function returns and throws what it throws. Headers that are invalid are ignored,
   * as are those of all senders where `trustIncoming` is `false`.
   *
   * @param work a message with its `pattern`, or a job with its `queue` and `job`.
   *
   * @see https://www.w3.org/TR/trace-context-2/
   *
   * @example
   * await consumer.run({
   *   eachMessage: ({ topic, message }) =>
   *     trace.consume(message.headers, { transport: 'kafka', pattern: topic }, () =>
   *       this.orders.handle(message.value),
   *     ),
   * });
   */
  consume<T>(headers: ConsumedHeaders, work: ConsumedWork, fn: () => T): T {
    return this.runUnitOfWork(consumedWork(headers, work), fn);
  }

  /**
   * Binds a function to the current context, for callbacks that are called from elsewhere: an
   * event emitter, a connection pool, a native addon.
   *
   * @example
   * socket.on('message', trace.bind((message) => this.logger.log(message)));
   */
  bind<F extends (...args: never[]) => unknown>(fn: F): F {
    const bound: Function = AsyncResource.bind(fn as (...args: any[]) => unknown);
    return bound as F;
  }

  /**
   * The headers of one call made by hand: `traceparent` with a span id of its own, `tracestate`,
   * and `x-request-id` and `x-session-id` unless `trusted` is `false`. A session id must
   * not reach other parties, so pass `trusted: false` for a host that is not yours. Empty outside a context.
   *
   * @see https://www.w3.org/TR/trace-context-2/
   *
   * @example
   * await fetch(url, { headers: trace.headers({ trusted: false }) });
   */
  headers({ trusted = true }: { trusted?: boolean } = {}): TraceHeaders {
    const trace = currentTrace();
    if (trace === undefined) return {};
    return trusted ? allHeaders(trace) : w3cHeaders(trace);
  }

  /**
   * Data for a thread or a child process of this application, with the current trace: for
   * `pool.run` of piscina, `postMessage` and `workerData` of `worker_threads`, and `send` of a
   * process that was forked. `traceTask(fn)` there takes it apart again, so `fn` gets the data as it
   * is given here: an object, an array, a primitive, or what `Piscina.move()` returns. A
   * `transferList` stays as it is. Outside a context the data is carried without a trace.
   *
   * @example
   * const thumbnail = await pool.run(trace.carry({ path, width: 200 }));
   * worker.postMessage(trace.carry(pixels), [pixels.buffer]);
   */
  carry<T>(data: T): CarriedData<T> {
    const scope = currentScope();
    return carryData(data, scope === undefined ? {} : threadHeaders(scope.trace, scope.spanId));
  }

  /**
   * Measures a function as a named span: synchronous, or returning a promise, an observable or an
   * async generator. Values and errors are returned unchanged; a result that is consumed later
   * is measured while it is consumed. The access log line of a request that ends with an error has
   * its spans as `steps`.
   *
   * Outside a context the function runs unmeasured.
   *
   * @example
   * const rows = await trace.span('load orders', () => this.orders.find(), { 'db.table': 'orders' });
   */
  span<T>(name: string, fn: () => T, attributes?: SpanAttributes): T {
    return this.runSpan(name, fn, attributes);
  }
}
