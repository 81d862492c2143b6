import { setImmediate } from 'node:timers/promises';
import { TracingConfigError } from './tracing-config.error.js';

/**
 * An application of this process, as records name it: two records belong to the same application
 * if their `application` is the same object.
 */
export interface Application {
  /** The name of its service. */
  readonly service: string;
}

/** The same for the core, which counts what is going on. */
export interface RunningApplication extends Application {
  /** Requests, messages, jobs and runs that have begun and not ended. */
  inFlight: number;
}

/** The token under which an application's {@link Application} is provided. */
export const APPLICATION = Symbol.for('nestjs-tracing.v1.application');

/** What an {@link Application} can be got from: a Nest application or context, a `ModuleRef`. */
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
    // Nest throws for a token that nothing provides.
    throw new TracingConfigError(
      'TRACING_NOT_IMPORTED',
      'the application has no TracingModule.',
      'import `TracingModule.forRoot()` in its root module, or in the testing module.',
    );
  }
}

/** Turns of the event loop in which a connection that was cut closes its responses. */
const SETTLE_TURNS = 12;

/**
 * Waits until everything that an application has begun has ended, but only for so long as
 * connections that a shutdown has cut need to close. What is still at work then is not waited for.
 */
export async function settled(application: Application): Promise<void> {
  const running = application as RunningApplication;
  for (let turn = 0; turn < SETTLE_TURNS && running.inFlight > 0; turn++) await setImmediate();
}
