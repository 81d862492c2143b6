/**
 * One span in the access log line of a failed or slow request. The steps are a tree in depth-first
 * order: the parent of a step is the nearest one before it with a smaller `depth`.
 *
 * @publicApi
 */
export interface Step {
  /** As in `PaymentService.pay`, `SELECT orders` or `POST api.example.com/charge`. */
  readonly name: string;
  /** Milliseconds from the start of the request. */
  readonly start_ms: number;
  /** Milliseconds; missing if the request ended before the step. */
  readonly duration_ms?: number;
  /** Milliseconds without the time in which an inner step ran; missing if there is no inner step. */
  readonly self_ms?: number;
  /** The number of steps around it; missing for 0. */
  readonly depth?: number;
  /** The number of steps, if more than 20 equal ones are folded. The duration is then their sum. */
  readonly count?: number;
  /** Missing for a step that did not fail. */
  readonly failed?: true;
  /** The status of a call over HTTP or gRPC that failed, if there was an answer. */
  readonly status?: number;
  /**
   * What it failed with, in one line of at most 200 characters. Steps that only passed the same error
   * on do not have it.
   */
  readonly error?: string;
}
