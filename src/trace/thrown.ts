/** What was thrown in a request, message, job or run, and reached what handles errors. */
export interface Thrown {
  /** May be anything, also `undefined`. */
  readonly error: unknown;
  /** What was thrown before it, and was being handled when it was thrown. */
  readonly before: { readonly error: unknown } | undefined;
  /** Whether it broke off a response whose headers had been sent. */
  readonly isLate: boolean;
}

/** The part of a trace that holds what was thrown in it. */
interface Holder {
  thrown: Thrown | undefined;
  readonly finished: boolean;
}

/** In place of the error that NestJS throws where no route answers: that explains nothing. */
const NOT_ROUTED: Thrown = Object.freeze({ error: undefined, before: undefined, isLate: false });
const NOT_FOUND = 404;

/**
 * Keeps what was thrown, until the access log line is written. The last one counts: what a filter
 * throws while it handles an error is what the client is answered for. The one before it is kept
 * beside it.
 *
 * @param isLate whether the headers of the response have been sent.
 * @param isApart whether it has nothing to do with an error before it: fields of one GraphQL operation
 * fail each by itself.
 */
export function keepThrown(trace: Holder, error: unknown, isLate = false, isApart = false): void {
  if (trace.finished) return;
  const { thrown } = trace;
  if (thrown === NOT_ROUTED && statusOf(error) === NOT_FOUND) return;
  const before = thrown === NOT_ROUTED ? undefined : thrown;
  // It passes several handlers of errors.
  if (before !== undefined && Object.is(before.error, error)) return;
  trace.thrown = {
    error,
    before: before && !isApart ? { error: before.error } : undefined,
    isLate,
  };
}

/** Forgets an error from which a middleware has recovered. */
export function forgetThrown(trace: Holder, error: unknown): void {
  if (Object.is(trace.thrown?.error, error)) trace.thrown = undefined;
}

/** Notes that no route answers a request. */
export function noteNotRouted(trace: Holder): void {
  trace.thrown = NOT_ROUTED;
}

/** What was thrown in a trace, except for the answer of NestJS where no route matched. */
export function thrownIn({ thrown }: Holder): Thrown | undefined {
  return thrown === NOT_ROUTED ? undefined : thrown;
}

/** The status of an `HttpException`, of whichever copy of NestJS. */
export function statusOf(error: unknown): number | undefined {
  try {
    const { getStatus } = Object(error) as { getStatus?: unknown };
    const status: unknown = typeof getStatus === 'function' ? getStatus.call(error) : undefined;
    return typeof status === 'number' ? status : undefined;
  } catch {
    // A getter or a method of the application's own that throws.
    return undefined;
  }
}
