import { types } from 'node:util';
import { isObservable, Observable } from 'rxjs';
import type { RunSpan } from '../context/run-span.token.js';
import { currentSpan, currentTrace, runWithSpan } from '../context/trace-store.js';
import { tracingChannels } from '../events/channels.js';
import type { SpanAttributes } from '../trace/span-record.js';
import { MAX_SPANS, Span } from '../trace/span.js';

/**
 * Runs a function as a span of the current trace. Whatever it returns comes back as it is: the
 * promise itself, an observable or async iterable that is measured while somebody consumes it.
 */
export const runSpan: RunSpan = (name, fn, attributes) => {
  const span = openSpan(name, attributes);
  if (span === undefined) return fn();
  let result: unknown;
  try {
    result = runWithSpan(span, fn);
  } catch (error) {
    close(span, true, error);
    throw error;
  }
  return follow(span, result) as ReturnType<typeof fn>;
};

function openSpan(name: string, attributes: SpanAttributes | undefined): Span | undefined {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  const spans = (trace.spans ??= []);
  if (spans.length >= MAX_SPANS) {
    trace.droppedSpans++;
    return undefined;
  }
  const parentId = currentSpan(trace)?.spanId ?? trace.spanId;
  const span = new Span(trace, name, parentId, attributes);
  spans.push(span);
  return span;
}

function close(span: Span, failed: boolean, error?: unknown): void {
  if (span.durationMs !== undefined) return;
  if (failed) span.fail(error);
  else span.end();
  const { spanFinish } = tracingChannels;
  if (spanFinish.hasSubscribers) spanFinish.publish({ trace: span.trace, span });
}

function follow(span: Span, result: unknown): unknown {
  if (isObservable(result)) return measureObservable(span, result);
  if (types.isPromise(result)) {
    // A branch of its own: the caller's promise, and who answers for its rejection, stay as they are.
    result.then(
      () => close(span, false),
      (error: unknown) => close(span, true, error),
    );
    return result;
  }
  if (isThenable(result)) return measureThenable(span, result);
  if (isAsyncGenerator(result)) return measureGenerator(span, result);
  close(span, false);
  return result;
}

/** Query builders run whenever somebody asks for `then`, so that must happen once: when it is used. */
function measureThenable<T extends PromiseLike<unknown>>(span: Span, source: T): T {
  return new Proxy(source, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'then') return (value as () => unknown).bind(target);
      return (onValue?: (value: unknown) => unknown, onError?: (error: unknown) => unknown) =>
        runWithSpan(span, () =>
          target.then(
            (result) => {
              close(span, false);
              return onValue === undefined ? result : onValue(result);
            },
            (error: unknown) => {
              close(span, true, error);
              if (onError === undefined) throw error;
              return onError(error);
            },
          ),
        );
    },
  });
}

function measureObservable(span: Span, source: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const subscription = runWithSpan(span, () =>
      source.subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => {
          close(span, true, error);
          subscriber.error(error);
        },
        complete: () => {
          close(span, false);
          subscriber.complete();
        },
      }),
    );
    return () => {
      subscription.unsubscribe();
      close(span, false);
    };
  });
}

function measureGenerator(
  span: Span,
  source: AsyncGenerator<unknown, unknown, unknown>,
): AsyncGenerator<unknown, unknown, unknown> {
  const step = async (
    advance: () => Promise<IteratorResult<unknown, unknown>>,
  ): Promise<IteratorResult<unknown, unknown>> => {
    try {
      const result = await runWithSpan(span, advance);
      if (result.done === true) close(span, false);
      return result;
    } catch (error) {
      close(span, true, error);
      throw error;
    }
  };
  return Object.create(source, {
    next: { value: (value: unknown) => step(() => source.next(value)) },
    return: { value: (value: unknown) => step(() => source.return(value)) },
    throw: { value: (error: unknown) => step(() => source.throw(error)) },
    [Symbol.asyncIterator]: {
      value(this: unknown) {
        return this;
      },
    },
  }) as AsyncGenerator<unknown, unknown, unknown>;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, unknown> {
  const generator = value as Partial<AsyncGenerator> | null | undefined;
  return (
    typeof generator?.next === 'function' &&
    typeof generator.return === 'function' &&
    typeof generator[Symbol.asyncIterator] === 'function'
  );
}
