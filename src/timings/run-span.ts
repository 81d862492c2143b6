import type { RunSpan } from '../context/run-span.token.js';
import { runWithSpan } from '../context/trace-store.js';
import type { Span } from '../trace/span.js';
import { follow } from './follow.js';
import { openSpan } from './open-span.js';

/** Runs a function as a span of the current trace, and hands back what it returns. */
export const runSpan: RunSpan = (name, fn, attributes) => {
  const span = openSpan({ name, attributes });
  if (span === undefined) return fn();
  let result: unknown;
  try {
    result = runWithSpan(span, fn);
  } catch (error) {
    span.fail(error);
    throw error;
  }
  return follow(followingOf(span), result) as ReturnType<typeof fn>;
};

function followingOf(span: Span) {
  return {
    run: <T>(fn: () => T): T => runWithSpan(span, fn),
    end: (ending: string, error?: unknown): void => {
      if (ending === 'failed') span.fail(error);
      else span.end();
    },
  };
}
