import type { ClientInstrumentation } from './client-instrumentation.js';

export const pg: ClientInstrumentation = {};
