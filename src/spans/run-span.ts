import type { RunSpan } from '../context/run-span.token.js';
import { currentTrace } from '../context/active-trace.js';
import { currentSpanRunner, runWithSpan } from '../context/trace-store.js';
import type { Span } from '../trace/span.js';
import type { Following } from './following.js';
import { follow, followConsumed } from './follow-result.js';
import { openSpan } from './open-span.js';
import { isPlainPromise } from './result-kinds.js';

/** Runs a function as a span of the current trace, and returns what it returns. */
export const runSpan: RunSpan = (name, fn, attributes) => {
  return runInSpan(openSpan({ name, attributes }), fn);
};

/** The same for a span that is left out if it was shorter than `minMs` milliseconds. */
export function runAutoSpan<T>(name: string, minMs: number | undefined, fn: () => T): T {
  return runInSpan(openSpan({ name, minMs }), fn);
}

function runInSpan<T>(span: Span | undefined, fn: () => T): T {
  if (span === undefined) return fn();
  let result: unknown;
  try {
    result = runWithSpan(span, fn);
  } catch (error) {
    span.fail(error);
    throw error;
  }
  return followed(span, result) as T;
}

/** What a span returns in place of a result. Most are plain values and promises of them. */
function followed(span: Span, result: unknown): unknown {
  if (isPlainPromise(result)) {
    return result.then(
      (value) => (isObject(value) ? followConsumed(followingOf(span), value) : ended(span, value)),
      (error: unknown) => {
        span.fail(error);
        throw error;
      },
    );
  }
  return isObject(result) ? follow(followingOf(span), result) : ended(span, result);
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function ended(span: Span, result: unknown): unknown {
  span.end();
  return result;
}

function followingOf(span: Span): Following {
  return {
    run(fn) {
      // An observable may be shared: what another request consumes of it is that request's own.
      const trace = currentTrace();
      return trace === undefined || trace === span.trace ? runWithSpan(span, fn) : fn();
    },
    outside: currentSpanRunner,
    end(ending, error) {
      if (ending === 'failed') span.fail(error);
      else span.end();
    },
  };
}
