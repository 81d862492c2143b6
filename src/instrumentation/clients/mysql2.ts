import type { ClientInstrumentation } from './client-instrumentation.js';

export const mysql2: ClientInstrumentation = {};
