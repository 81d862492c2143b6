import type { ServerResponse } from 'node:http';
import { currentSpanRunner, runWithSpan } from '../context/trace-store.js';
import type { SpanStart } from '../records/span-record.js';
import type { Span } from '../trace/span.js';
import { openSpan } from './open-span.js';
import { isPlainPromise } from './result-kinds.js';

/** The name of the method that makes a class a middleware. */
export const MIDDLEWARE_METHOD = 'use';

type Next = (...args: unknown[]) => unknown;
type MiddlewareArguments = [request: unknown, response: ServerResponse, next: Next];

/** What Express takes for the rest of a route to be left out, and not for an error. */
const NO_ERRORS: ReadonlySet<unknown> = new Set(['route', 'router']);

/**
 * What a response emits at its end. The first comes with the call of `end()`, before the access log
 * line is written, but not from every response that an adapter makes up.
 */
const ENDS = ['prefinish', 'finish', 'close'] as const;

/** Whether a method was called with a request, a response and `next`, as NestJS calls a middleware. */
export function isMiddlewareCall(args: readonly unknown[]): args is MiddlewareArguments {
  const [, response, next] = args as readonly Partial<ServerResponse>[];
  return (
    args.length === 3 && typeof next === 'function' && typeof response?.setHeader === 'function'
  );
}

/**
 * Runs a middleware as a span of the current trace. The span ends with the call of `next`, so that
 * neither its time nor its children include the rest of the request; with the response where the
 * middleware answers itself.
 */
export function runMiddlewareSpan(
  start: SpanStart,
  args: MiddlewareArguments,
  use: (args: MiddlewareArguments) => unknown,
): unknown {
  const outside = currentSpanRunner();
  const span = openSpan(start);
  if (span === undefined) return use(args);
  const [request, response, next] = args;
  const end = (): void => {
    // A response that an adapter or a test has made up may emit nothing.
    for (const event of ENDS) response.removeListener?.(event, end);
    span.end();
  };
  const fail = (error: unknown): void => {
    // Ended as failed first: a span ends once.
    span.fail(error);
    end();
  };
  const continueOutside: Next = (...results) => {
    const [error] = results;
    if (error && !NO_ERRORS.has(error)) fail(error);
    else end();
    return outside(() => next(...results));
  };
  let result: unknown;
  try {
    result = runWithSpan(span, () => use([request, response, continueOutside]));
  } catch (error) {
    fail(error);
    throw error;
  }
  if (hasEnded(span, response, end)) return result;
  for (const event of ENDS) response.prependListener?.(event, end);
  if (!isPlainPromise(result)) return result;
  return result.then(
    (value) => {
      hasEnded(span, response, end);
      return value;
    },
    (error: unknown) => {
      fail(error);
      throw error;
    },
  );
}

/** Ends the span of a middleware that has answered, though the response may still be on its way. */
function hasEnded(span: Span, response: ServerResponse, end: () => void): boolean {
  if (span.durationMs === undefined && response.writableEnded) end();
  return span.durationMs !== undefined;
}
