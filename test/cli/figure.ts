/** When the figure begins. */
export const BEGINNING = Date.UTC(2026, 0, 15, 10, 30, 15);

export interface Ids {
  readonly request_id: string;
  readonly session_id: string;
  readonly trace_id: string;
  readonly span_id: string;
}

export const ALICE: Ids = {
  request_id: 'req-001',
  session_id: 'abc12345',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
};
export const BOB: Ids = {
  request_id: 'req-002',
  session_id: 'def67890',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  span_id: '00f067aa0ba902b7',
};
export const STATUS: Ids = { ...ALICE, request_id: 'req-003', span_id: 'c8be7c827a314442' };
export const NOBODY = { trace_id: '-', request_id: '-', session_id: '-', span_id: '-' };

/** A line of this package, that many milliseconds after the beginning. */
export function line(ms: number, ids: object, message: string, more: object = {}): object {
  const timestamp = new Date(BEGINNING + ms).toISOString();
  return { timestamp, level: 'info', message, ...ids, service: 'payments', ...more };
}

/** The line that ends a request. */
export function finish(ms: number, ids: object, more: object = {}): object {
  return line(ms, ids, 'Request finished', {
    duration_ms: 10,
    handler_ms: 9,
    method: 'GET',
    path: '/',
    route: '/',
    handler: 'AppController.get',
    status_code: 200,
    outcome: 'completed',
    ...more,
  });
}

/** Alice pays while Bob looks at his profile. */
export const FIGURE: readonly object[] = [
  line(0, NOBODY, 'Listening', { context: 'NestApplication' }),
  line(10, ALICE, 'Processing payment for user Alice', { context: 'PaymentService' }),
  line(20, BOB, 'Loading profile'),
  line(30, ALICE, 'Validating payment', { amount: 42, card: 'ends in 4242' }),
  line(40, BOB, 'Profile retrieved'),
  finish(45.5, BOB, { path: '/api/profile', duration_ms: 26, handler: 'ProfileController.get' }),
  line(700, ALICE, 'Gateway slow', { level: 'warn' }),
  line(710, STATUS, 'Status check'),
  line(720, ALICE, 'Payment complete'),
  finish(730, ALICE, {
    method: 'POST',
    path: '/api/payment',
    status_code: 201,
    duration_ms: 722.25,
    handler: 'PaymentController.pay',
  }),
  finish(740, STATUS, { path: '/api/status', duration_ms: 31 }),
];
