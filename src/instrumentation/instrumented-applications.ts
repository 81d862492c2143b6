import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../context/traced-application.js';
import { sharedState } from '../records/shared-state.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';

/**
 * The applications of this process. A patched class serves all of them: by the container that an
 * instance of it belongs to, the patch finds the application that it works for.
 */
const applications = sharedState('instrumented-applications', () => ({
  byContainer: new WeakMap<ModulesContainer, TracedApplication>(),
  byPolicy: new WeakMap<TracePolicy, TracedApplication>(),
  running: new Set<TracedApplication>(),
}));

/** Adds an application. Returns `false` for one that has been added before. */
export function addApplication(application: TracedApplication): boolean {
  if (applications.byContainer.has(application.modules)) return false;
  applications.byContainer.set(application.modules, application);
  applications.byPolicy.set(application.policy, application);
  applications.running.add(application);
  return true;
}

/**
 * Notes that an application has shut down. Work that it still has to finish is still traced as its
 * own.
 *
 * @returns whether it was the last one of the process.
 */
export function removeApplication(application: TracedApplication): boolean {
  return applications.running.delete(application) && applications.running.size === 0;
}

/** The application that a container belongs to; `undefined` for one that is not traced. */
export function applicationOf(modules: ModulesContainer): TracedApplication | undefined {
  return applications.byContainer.get(modules);
}

/** The running application that has an object among its providers. */
export function applicationProviding(provided: object): TracedApplication | undefined {
  return applicationThatProvides((one) => one === provided);
}

/** The running application that has such an object among its providers. */
export function applicationThatProvides(
  isWanted: (provided: unknown) => boolean,
): TracedApplication | undefined {
  return [...applications.running].find(({ modules }) => isProvided(modules, isWanted));
}

/** The application that a trace was opened in. */
export function applicationOfTrace(trace: Trace): TracedApplication | undefined {
  return applications.byPolicy.get(trace.policy);
}

/**
 * The running application that was added last: for work that belongs to no container and begins
 * outside any trace.
 */
export function newestApplication(): TracedApplication | undefined {
  return [...applications.running].at(-1);
}

function isProvided(modules: ModulesContainer, isWanted: (provided: unknown) => boolean): boolean {
  for (const { providers } of modules.values()) {
    for (const { instance } of providers.values()) if (isWanted(instance)) return true;
  }
  return false;
}
