import type { ClientInstrumentation } from './client-instrumentation.js';

export const nodeSqlite: ClientInstrumentation = {};
