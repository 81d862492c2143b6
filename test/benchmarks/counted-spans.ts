import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const SPAN_FINISH = 'nestjs-tracing:span:finish';

/** Counts the spans of this package that end meanwhile. There are no subscribers while spans are timed. */
export async function countFinished(fn: () => unknown): Promise<number> {
  let ended = 0;
  const note = () => void ended++;
  subscribe(SPAN_FINISH, note);
  await fn();
  unsubscribe(SPAN_FINISH, note);
  return ended;
}

/**
 * Registers an OpenTelemetry SDK that makes and ends spans as in production, and counts them; their
 * export is another process's business.
 *
 * @returns a function that counts the spans that end meanwhile.
 */
export function registerCountingSdk(): (fn: () => unknown) => Promise<number> {
  let ended = 0;
  const discard = {
    onStart() {},
    onEnd: () => void ended++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  new NodeTracerProvider({ spanProcessors: [discard] }).register();
  return async (fn) => {
    ended = 0;
    await fn();
    return ended;
  };
}
