import type { SpanAttributes } from '../records/span-record.js';

/** Runs a function as a span of the current trace. */
export type RunSpan = <T>(name: string, fn: () => T, attributes?: SpanAttributes) => T;

/** The token of {@link RunSpan}. `context/` may not import `spans/`, so it gets this injected. */
export const RUN_SPAN = Symbol('nestjs-tracing.run-span');
