export const WORKER_CLIENT = Symbol('worker-client');
