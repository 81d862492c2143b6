import type { ClientInstrumentation } from './client-instrumentation.js';

export const mariadb: ClientInstrumentation = {};
