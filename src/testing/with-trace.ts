import { TraceContext, type TraceSeed } from '../context/trace-context.js';
import { resolveOptions } from '../options/resolve-options.js';
import { AccessLog } from '../access-log/access-log.js';
import { runSpan } from '../spans/run-span.js';
import { unitOfWorkRunner } from '../access-log/run-unit-of-work.js';
import { sharedState } from '../records/shared-state.js';

/** Of traces that no application began; one for all copies of the package, which tell them by it. */
export const testOptions = sharedState('test-options', () => resolveOptions({}));

/**
 * Runs a function in a trace without an application: for the test of a service that asks for ids,
 * sets fields or logs. What the function returns is returned, and when it has ended, so has the
 * trace; no finish line is written. Whatever the seed leaves out, or has invalid, is made anew.
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
 * Makes a `TraceContext` without `TracingModule`, for a provider that injects one. It reads the
 * trace that is current, as every other does.
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
