import { TraceContext, type TraceSeed } from '../context/trace-context.js';
import { resolveOptions } from '../options/resolve-options.js';
import { AccessLog } from '../access-log/access-log.js';
import { runSpan } from '../spans/run-span.js';
import { unitOfWorkRunner } from '../access-log/run-unit-of-work.js';
import { sharedState } from '../records/shared-state.js';

/**
 * The options of traces that were started without an application. All copies of the package share
 * them, so that each copy recognizes such traces.
 */
export const testOptions = sharedState('test-options', () => resolveOptions({}));

/**
 * Runs a function in a trace without an application, for tests of services that read ids, set
 * fields or log. It returns what the function returns. The trace ends with the function, also an
 * asynchronous one, and writes no access log line. Ids that the seed does not contain, or that are
 * invalid, are generated.
 *
 * @publicApi
 *
 * @example
 * const receipt = await withTrace({ requestId: 'req-001' }, () => service.pay(42));
 */
export function withTrace<T>(seed: TraceSeed, fn: () => T): T {
  return createTraceContext().run(seed, fn);
}

/**
 * Creates a `TraceContext` without `TracingModule`, for a provider that injects one. It reads the
 * current trace, like every other `TraceContext`.
 *
 * @publicApi
 *
 * @example
 * const module = await Test.createTestingModule({
 *   providers: [PaymentService, { provide: TraceContext, useValue: createTraceContext() }],
 * }).compile();
 */
export function createTraceContext(): TraceContext {
  const silent = new AccessLog(false, () => {});
  return new TraceContext(testOptions, runSpan, unitOfWorkRunner(testOptions, silent));
}
