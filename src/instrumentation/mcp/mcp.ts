import { releaseLogs } from '../../logging/output/protocol-output.js';
import { prototypesOf } from './copies.js';
import { traceIncoming } from './incoming.js';
import type { Protocol } from './message.js';
import { traceOutgoing } from './outgoing.js';
import { traceStdio, type StdioTransport } from './stdio.js';

const TRACED = Symbol.for('nestjs-tracing.v1.mcp');
/** How long after the start of an application a server may still be connected to stdio. */
const CONNECT_MS = 1000;

/**
 * Readies the official SDK, and `@rekog/mcp-nest`, which is built on it: a context for each message,
 * and the trace in those that are sent. Their classes are the only place where all servers meet:
 * most are made for one request, and stand in no container.
 */
export async function prepareMcp(): Promise<void> {
  const { protocols, stdioTransports } = await prototypesOf<Protocol, StdioTransport>();
  for (const protocol of protocols.filter(isNew)) {
    traceIncoming(protocol);
    traceOutgoing(protocol);
  }
  for (const transport of stdioTransports.filter(isNew)) traceStdio(transport);
  if (stdioTransports.length === 0) releaseLogs();
}

/** A server that is connected to stdio by hand often is so when the application has started. */
export function attachMcp(): void {
  releaseLogs(CONNECT_MS);
}

/** A package may be there in several copies, and this one too. */
function isNew(prototype: object): boolean {
  if (Object.hasOwn(prototype, TRACED)) return false;
  Object.defineProperty(prototype, TRACED, { value: true });
  return true;
}
