import { expect } from 'vitest';
import { tracingMatchers, type TracingMatchers } from './matchers.js';

expect.extend(tracingMatchers);

// Without type parameters, because Vitest 5 has others than Vitest 4.
declare module 'vitest' {
  interface Matchers extends TracingMatchers<any> {}
}
