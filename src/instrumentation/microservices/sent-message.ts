import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable } from 'rxjs';
import { currentTrace } from '../../context/active-trace.js';
import type { OpenSpan } from '../../context/traced-application.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';

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
    const span = openSpan(startOf());
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
            span?.fail(error);
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

/** Makes an event a span. It is sent at once, with or without a subscriber. */
export function emitTraced<T>(
  openSpan: OpenSpan,
  startOf: () => SpanStart,
  emit: () => Observable<T>,
): Observable<T> {
  const trace = currentTrace();
  if (trace === undefined) return emit();
  const span = openSpan(startOf());
  const headers = allHeaders(trace, span?.spanId);
  const emitted = runCovered(span, () => sending.run(headers, emit));
  emitted.subscribe({
    error: (error: unknown) => span?.fail(error),
    complete: () => span?.end(),
  });
  return emitted;
}
