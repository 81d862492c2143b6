import type { Registry } from 'prom-client';

const known = new WeakMap<Registry, WeakMap<object, Set<string>>>();

/**
 * Notes that something is done for a registry and its owner. Returns `false` if it was noted before,
 * so that a module that is imported twice counts once and serves a path once.
 */
export function noteOnce(registry: Registry, owner: object, what: string): boolean {
  let owners = known.get(registry);
  if (owners === undefined) known.set(registry, (owners = new WeakMap()));
  let noted = owners.get(owner);
  if (noted === undefined) owners.set(owner, (noted = new Set()));
  if (noted.has(what)) return false;
  noted.add(what);
  return true;
}
