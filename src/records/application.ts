import { setImmediate } from 'node:timers/promises';
import { TracingConfigError } from './tracing-config.error.js';

/**
 * An application of this process, as records refer to it. Two records belong to the same
 * application if their `application` is the same object.
 */
export interface Application {
  /** The name of its service. */
  readonly service: string;
}

/** An application as the core sees it, with the number of its active units of work. */
export interface RunningApplication extends Application {
  /** The number of requests, messages, jobs and runs that have begun and not ended. */
  inFlight: number;
}

/** The token under which an application's {@link Application} is provided. */
export const APPLICATION = Symbol.for('nestjs-tracing.v1.application');

/** An object that can resolve an {@link Application}: a Nest application or context, a `ModuleRef`. */
export interface ApplicationContainer {
  get(token: symbol, options?: { strict: boolean }): unknown;
}

/**
 * The application that a container belongs to.
 *
 * @throws {TracingConfigError} `TRACING_NOT_IMPORTED` for one without `TracingModule`.
 */
export function applicationIn(container: ApplicationContainer): Application {
  try {
    return container.get(APPLICATION, { strict: false }) as Application;
  } catch {
    // Nest throws if no provider has the token.
    throw new TracingConfigError(
      'TRACING_NOT_IMPORTED',
      'the application has no TracingModule.',
      'import `TracingModule.forRoot()` in its root module, or in the testing module.',
    );
  }
}

/** Turns of the event loop within which a destroyed connection closes its responses. */
const SETTLE_TURNS = 12;

/**
 * Waits until all requests, messages, jobs and runs of an application have ended, but only as long
 * as connections that a shutdown has destroyed need to close. It does not wait for work that
 * takes longer.
 */
export async function settled(application: Application): Promise<void> {
  const running = application as RunningApplication;
  for (let turn = 0; turn < SETTLE_TURNS && running.inFlight > 0; turn++) await setImmediate();
}
