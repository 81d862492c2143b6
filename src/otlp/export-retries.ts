import { setTimeout as sleep } from 'node:timers/promises';
import { definePatch } from '../instrumentation/patch.js';

const RETRIES = definePatch({
  package: '@opentelemetry/otlp-exporter-base',
  target: 'retry of the transport of an exporter',
  gives: 'a process that can end as soon as its application has closed',
  without: 'an export that is retried can keep the process alive for some seconds',
  why: 'an exporter waits for its next attempt with a timer that nothing public reaches',
});

type Retry = (data: Uint8Array, timeoutMs: number, inMs: number) => Promise<unknown>;

/**
 * Ends the retries of an exporter when the signal is aborted. Until then they are as
 * OpenTelemetry makes them.
 */
export function endRetries(exporter: object, closed: AbortSignal): void {
  const transport = RETRIES.read('transport', () => transportOf(exporter));
  if (transport === undefined) return;
  RETRIES.methodOfInstance(
    transport,
    'retry',
    (retry) =>
      async function (this: { retry: Retry }, data, timeoutMs, inMs) {
        // It rejects only when the signal is aborted.
        const isDue = await sleep(Math.max(inMs, 0), true, { signal: closed }).catch(() => false);
        if (isDue) return retry.call(this, data, timeoutMs, 0) as Promise<unknown>;
        return { status: 'failure', error: new Error('the application has closed') };
      },
  );
}

function transportOf(exporter: object): { retry: Retry } | undefined {
  const delegate: unknown = Reflect.get(exporter, '_delegate');
  return Reflect.get(Object(delegate) as object, '_transport') as { retry: Retry } | undefined;
}
