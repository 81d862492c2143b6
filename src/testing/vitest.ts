import { expect } from 'vitest';
import { tracingMatchers, type TracingMatchers } from './matchers.js';

// Adds the matchers to Vitest's `expect`, with their types. Import `nestjs-tracing/testing/vitest` in a
// test, or in a file of `setupFiles`.
expect.extend(tracingMatchers);

// Without type parameters, because Vitest 5 has others than Vitest 4.
declare module 'vitest' {
  interface Matchers extends TracingMatchers<any> {}
}
