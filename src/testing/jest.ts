import { expect } from '@jest/globals';
import { tracingMatchers, type TracingMatchers } from './matchers.js';

// Adds the matchers to Jest's `expect`, with their types. Import `nestjs-tracing/testing/jest` in a
// test, or in a file of `setupFilesAfterEnv`.
expect.extend(tracingMatchers);

// Of `@jest/globals`.
declare module 'expect' {
  interface Matchers<R> extends TracingMatchers<R> {}
}

// Of `@types/jest`.
declare global {
  namespace jest {
    interface Matchers<R> extends TracingMatchers<R> {}
  }
}
