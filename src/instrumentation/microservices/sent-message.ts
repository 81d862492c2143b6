import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable } from 'rxjs';
import { currentTrace } from '../../context/active-trace.js';
import type { OpenSpan } from '../../context/traced-application.js';
import { readProperty } from '../../records/error-fields.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';
import { noteSent } from '../../trace/sent-names.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';

const sending = new AsyncLocalStorage<TraceHeaders>();

/** The headers of the message that is being sent; `undefined` outside a context. */
export function headersToSend(): TraceHeaders | undefined {
  return sending.getStore();
}

/**
 * Makes each subscription to a request a span of the subscriber's trace. Answers arrive in the
 * context of the connection; the subscriber gets them in its own.
 */
export function sendTraced<T>(
  openSpan: OpenSpan,
  startOf: () => SpanStart,
  request: Observable<T>,
): Observable<T> {
  return new Observable((subscriber) => {
    const trace = currentTrace();
    if (trace === undefined) return request.subscribe(subscriber);
    const start = startOf();
    noteMessage(trace, start);
    const span = openSpan(start);
    const inContext = AsyncLocalStorage.snapshot();
    let isAnswered = false;
    const subscription = runCovered(span, () =>
      sending.run(allHeaders(trace, span?.spanId), () =>
        request.subscribe({
          next(value) {
            isAnswered = true;
            inContext(() => subscriber.next(value));
          },
          error(error: unknown) {
            if (span !== undefined) failCall(span, error);
            inContext(() => subscriber.error(error));
          },
          complete() {
            span?.end();
            inContext(() => subscriber.complete());
          },
        }),
      ),
    );
    return () => {
      subscription.unsubscribe();
      // A subscriber that takes the first of several answers has what it asked for.
      if (isAnswered) span?.end();
      else span?.fail();
    };
  });
}

/** A call of gRPC fails with the number of its status, which is not that of a system error. */
function failCall(span: Span, error: unknown): void {
  if (span.attributes?.['rpc.system'] === 'grpc' && typeof error === 'object' && error !== null) {
    const status = readProperty(error, 'code');
    if (typeof status === 'number') span.describe({ 'rpc.grpc.status_code': status });
  }
  span.fail(error);
}

/** A call of gRPC has no such attributes: it is no message. */
function noteMessage(trace: Trace, { attributes }: SpanStart): void {
  const system = attributes?.['messaging.system'];
  const destination = attributes?.['messaging.destination.name'];
  if (typeof system === 'string') noteSent(trace, system, String(destination));
}

/** Makes an event a span. It is sent at once, with or without a subscriber. */
export function emitTraced<T>(
  openSpan: OpenSpan,
  startOf: () => SpanStart,
  emit: () => Observable<T>,
): Observable<T> {
  const trace = currentTrace();
  if (trace === undefined) return emit();
  const start = startOf();
  noteMessage(trace, start);
  const span = openSpan(start);
  const headers = allHeaders(trace, span?.spanId);
  const emitted = runCovered(span, () => sending.run(headers, emit));
  emitted.subscribe({
    error: (error: unknown) => span?.fail(error),
    complete: () => span?.end(),
  });
  return emitted;
}
