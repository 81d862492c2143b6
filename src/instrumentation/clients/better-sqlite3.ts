import type { ClientInstrumentation } from './client-instrumentation.js';

export const betterSqlite3: ClientInstrumentation = {};
