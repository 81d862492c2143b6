import { expect } from '@jest/globals';
import { tracingMatchers, type TracingMatchers } from './matchers.js';

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
