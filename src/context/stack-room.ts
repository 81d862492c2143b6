/** How many frames a span adds to the stack, in this package and in Node; and in OpenTelemetry. */
const SPAN_FRAMES = 7;
const SDK_FRAMES = 6;
/** V8 collects the whole stack for each error, so there is an end to it. */
const MAX_LIMIT = 400;

/**
 * Makes room in stacks for the frames of a span that is entered. V8 keeps ten frames of an error and
 * drops the outer ones, so those of a few traced methods would leave none for the application's.
 *
 * `Error.stackTraceLimit` is raised by as many frames as the span adds, and only while the function
 * inside of it runs synchronously: code outside of spans sees the limit that the application has set.
 *
 * @returns the limit to put back with {@link takeStackRoom}; `undefined` where it was left as it is.
 */
export function makeStackRoom(hasSdkSpan: boolean): number | undefined {
  const limit: unknown = Error.stackTraceLimit;
  // Zero, a fraction or no number at all: the application wants no stacks, or has its own.
  if (typeof limit !== 'number' || !(limit >= 1) || limit >= MAX_LIMIT) return undefined;
  try {
    Error.stackTraceLimit = raised(limit, hasSdkSpan);
    return limit;
  } catch {
    // `Error` is frozen, as by `node --frozen-intrinsics`.
    return undefined;
  }
}

/** Puts the limit back, unless the application has set another one since. */
export function takeStackRoom(limit: number | undefined, hasSdkSpan: boolean): void {
  if (limit !== undefined && Error.stackTraceLimit === raised(limit, hasSdkSpan)) {
    Error.stackTraceLimit = limit;
  }
}

function raised(limit: number, hasSdkSpan: boolean): number {
  return limit + SPAN_FRAMES + (hasSdkSpan ? SDK_FRAMES : 0);
}
