import type { SpanAttributes } from '../records/span-record.js';

/** Runs a function as a span of the current trace. */
export type RunSpan = <T>(name: string, fn: () => T, attributes?: SpanAttributes) => T;

/** Spans are timings' business; the context is only handed the function that runs them. */
export const RUN_SPAN = Symbol('nestjs-tracing.run-span');
