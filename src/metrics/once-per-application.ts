import type { Registry } from 'prom-client';

const claims = new WeakMap<Registry, WeakMap<object, Set<string>>>();

/**
 * Whether nobody has done something for this registry and application before: a module that is
 * imported twice counts once, and serves a path once.
 */
export function claim(registry: Registry, owner: object, what: string): boolean {
  let owners = claims.get(registry);
  if (owners === undefined) claims.set(registry, (owners = new WeakMap()));
  let claimed = owners.get(owner);
  if (claimed === undefined) owners.set(owner, (claimed = new Set()));
  if (claimed.has(what)) return false;
  claimed.add(what);
  return true;
}
