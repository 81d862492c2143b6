import { resumeTrace } from '../../context/trace-store.js';
import { Trace, TraceScope } from '../../trace/trace.js';

type Log = (message: string, extra?: LogExtra) => unknown;

interface LogExtra {
  readonly topic?: unknown;
  readonly partition?: unknown;
  readonly error?: unknown;
}

/** A logger of kafkajs. */
export type KafkaLogger = Readonly<Record<'info' | 'error' | 'warn' | 'debug', Log>> & {
  namespace(...args: unknown[]): KafkaLogger;
};

/** How many partitions may have failed; the one that failed first is forgotten. */
const MAX_FAILURES = 256;
/** How much is kept of the message of an error, in characters. */
const MAX_TEXT = 1000;

/** The last message of a partition, which failed. What it was, and its error, are not kept. */
export interface Failure {
  /** The error, as long as kafkajs has it. Other values than objects are known by their text. */
  readonly error: WeakRef<object> | undefined;
  readonly text: string;
  /** Of the whole text. */
  readonly length: number;
  readonly trace: Trace;
}

/** Notes that the last message of a partition has failed. */
export function noteFailure(
  failures: Map<string, Failure>,
  place: string,
  error: unknown,
  trace: Trace,
): void {
  const text = textOf(error);
  failures.set(place, {
    error: isObject(error) ? new WeakRef(error) : undefined,
    text: text.slice(0, MAX_TEXT),
    length: text.length,
    trace: withoutMessage(trace),
  });
  if (failures.size <= MAX_FAILURES) return;
  for (const first of failures.keys()) {
    failures.delete(first);
    break;
  }
}

/** The same trace for what is logged of it, without the headers of its message, which keep the batch. */
function withoutMessage(trace: Trace): Trace {
  const { traceId, requestId, sessionId, spanId, origin, metadata, policy } = trace;
  const copy = new Trace(traceId, requestId, sessionId, spanId, origin, metadata, policy);
  copy.scope = new TraceScope(copy, spanId, trace.scope.fields);
  copy.recording = null;
  copy.finished = true;
  return copy;
}

/** The key of a partition. */
export function placeOf(
  place: { readonly topic?: unknown; readonly partition?: unknown } | undefined,
) {
  return `${String(place?.topic)}/${String(place?.partition)}`;
}

/** Whether a logger has the methods that are traced. */
export function isLogger(logger: Partial<KafkaLogger>): boolean {
  const { error, warn, debug, namespace } = logger;
  return [error, warn, debug, namespace].every((method) => typeof method === 'function');
}

/** A logger that writes about a failed message in the trace of that message. */
export function tracedLogger(
  logger: KafkaLogger,
  failures: ReadonlyMap<string, Failure>,
): KafkaLogger {
  const traced =
    (log: Log): Log =>
    (message, extra) => {
      const trace = failures.size === 0 ? undefined : failedMessageOf(message, extra, failures);
      return trace === undefined
        ? log(message, extra)
        : resumeTrace(trace, () => log(message, extra));
    };
  return {
    ...logger,
    error: traced(logger.error),
    warn: traced(logger.warn),
    debug: traced(logger.debug),
    namespace: (...args) => tracedLogger(logger.namespace(...args), failures),
  };
}

/**
 * The failed message that a line is about. The runner names its partition. Later, when the consumer
 * tries again or gives up, a line has the message of the error: of whom it is, is known only if that
 * is the error of one partition.
 */
function failedMessageOf(
  message: string,
  { topic, partition, error }: LogExtra = {},
  failures: ReadonlyMap<string, Failure>,
): Trace | undefined {
  const failure = failures.get(placeOf({ topic, partition }));
  if (failure !== undefined) return isErrorOf(failure, error) ? failure.trace : undefined;
  const found: Trace[] = [];
  for (const one of failures.values()) {
    if (one.length === 0) continue;
    if (
      (typeof error === 'string' && endsWithText(error, one, '')) ||
      endsWithText(message, one, ': ')
    ) {
      found.push(one.trace);
    }
  }
  return found.length === 1 ? found[0] : undefined;
}

function isErrorOf(failure: Failure, error: unknown): boolean {
  if (isObject(error)) return failure.error?.deref() === error;
  return failure.error === undefined && endsWithText(textOf(error), failure, '');
}

/** Whether a message is the text of a failure, or ends with it behind a separator. */
function endsWithText(message: string, { text, length }: Failure, separator: string): boolean {
  const at = message.length - length - separator.length;
  return at >= 0 && (separator !== '' || at === 0) && message.startsWith(separator + text, at);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** As kafkajs reads it. */
function textOf(error: unknown): string {
  try {
    const { message = error } = Object(error) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    // A getter of the application's own that throws.
    return '';
  }
}
