import type { ModulesContainer } from '@nestjs/core';
import type { TransportHost } from '../context/work.js';
import { sharedState } from '../trace/shared-state.js';

/**
 * The applications of this process. A class that is changed serves all of them; by the container
 * that its instance belongs to it finds the one that it works for.
 */
const hosts = sharedState('transport-hosts', () => new WeakMap<ModulesContainer, TransportHost>());

/** Notes an application. Returns `false` for one that is known. */
export function addHost(host: TransportHost): boolean {
  if (hosts.has(host.modules)) return false;
  hosts.set(host.modules, host);
  return true;
}

/** The application that a container belongs to; `undefined` for one that is not traced. */
export function hostOf(modules: ModulesContainer): TransportHost | undefined {
  return hosts.get(modules);
}
