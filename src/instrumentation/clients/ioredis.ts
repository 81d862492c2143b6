import type { ClientInstrumentation } from './client-instrumentation.js';

export const ioredis: ClientInstrumentation = {};
