/** How a request ended: `errored` for a 5xx, `aborted` for a client that left before the end. */
export type Outcome = 'completed' | 'errored' | 'aborted';

/** One operation of a request, as the finish line of a failed one tells it. */
export interface Step {
  readonly name: string;
  /** Milliseconds from the start of the request. */
  readonly start_ms: number;
  /** Milliseconds; missing when the request ended first. */
  readonly duration_ms?: number;
  readonly failed?: true;
}

/** The names of everything that a finish line may say. */
export const FINISH_FIELDS: readonly (keyof FinishRecord)[] = [
  'duration_ms',
  'handler_ms',
  'method',
  'path',
  'route',
  'handler',
  'status_code',
  'outcome',
  'steps',
  'dropped_steps',
];

/** What the finish line says, under the names that it has there. */
export interface FinishRecord {
  /** Monotonic milliseconds from the first hook to the response's close, three decimals. */
  readonly duration_ms: number;
  /** The interceptor's share: pipes, inner interceptors and the handler. */
  readonly handler_ms?: number;
  readonly method?: string;
  /** Without the query. */
  readonly path?: string;
  /** The template of the route, as in `/users/:id`; missing when none matched. */
  readonly route?: string;
  /** As in `PaymentController.pay`. */
  readonly handler?: string;
  /** Missing when the client left before a status was sent. */
  readonly status_code?: number;
  readonly outcome: Outcome;
  /** The spans in the order in which they began, when the request ended `errored`. */
  readonly steps?: readonly Step[];
  /** How many more there were than are kept. */
  readonly dropped_steps?: number;
}
