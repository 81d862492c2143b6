import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../context/unit-of-work.js';
import { sharedState } from '../records/shared-state.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';

/**
 * The applications of this process. A class that is changed serves all of them; by the container
 * that its instance belongs to it finds the one that it works for.
 */
const hosts = sharedState('transport-hosts', () => ({
  byContainer: new WeakMap<ModulesContainer, TracedApplication>(),
  byPolicy: new WeakMap<TracePolicy, TracedApplication>(),
  running: new Set<TracedApplication>(),
}));

/** Notes an application. Returns `false` for one that is known. */
export function addApplication(host: TracedApplication): boolean {
  if (hosts.byContainer.has(host.modules)) return false;
  hosts.byContainer.set(host.modules, host);
  hosts.byPolicy.set(host.policy, host);
  hosts.running.add(host);
  return true;
}

/**
 * Notes that an application has shut down. What it has left to do, it still does as itself.
 *
 * @returns whether it was the last one of the process.
 */
export function removeApplication(host: TracedApplication): boolean {
  return hosts.running.delete(host) && hosts.running.size === 0;
}

/** The application that a container belongs to; `undefined` for one that is not traced. */
export function applicationOf(modules: ModulesContainer): TracedApplication | undefined {
  return hosts.byContainer.get(modules);
}

/** The application that a trace was opened in. */
export function applicationOfTrace(trace: Trace): TracedApplication | undefined {
  return hosts.byPolicy.get(trace.policy);
}

/**
 * The application that was made last of those that run: for what belongs to no container, and
 * begins outside every trace.
 */
export function newestApplication(): TracedApplication | undefined {
  return [...hosts.running].at(-1);
}
