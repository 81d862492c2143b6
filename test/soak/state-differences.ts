import type { Counts, ServerState } from './server-state.js';

/** What a server holds more of than before: one text for each. */
export function leftovers(before: ServerState, after: ServerState): string[] {
  const found = [
    ...leftoversOf('resource', before.resources, after.resources),
    ...leftoversOf('process listener', before.processListeners, after.processListeners),
    ...leftoversOf('server listener', before.serverListeners, after.serverListeners),
    ...leftoversOf('socket listener', before.socketListeners, after.socketListeners),
    ...leftoversOf('subscriber', before.subscribers, after.subscribers),
  ];
  if (after.connections > before.connections) {
    found.push(`connections: ${after.connections}, before ${before.connections}`);
  }
  return found;
}

function leftoversOf(what: string, before: Counts, after: Counts): string[] {
  return Object.entries(after)
    .map(([name, to]) => ({ name, from: before[name] ?? 0, to }))
    .filter(({ from, to }) => to > from)
    .map(({ name, from, to }) => `${what} "${name}": ${to}, before ${from}`);
}
