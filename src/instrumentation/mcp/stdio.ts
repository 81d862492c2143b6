import { Writable } from 'node:stream';
import { leaveStdoutToProtocol } from '../../logging/output/stdout-for-protocol.js';

/** The server's end of stdio, in the SDK. */
export interface StdioTransport {
  start(): Promise<void>;
}

/**
 * Nothing but the protocol may be written to the standard output of a server.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
 */
export function reserveStdout(transport: StdioTransport): void {
  if (mayWriteToStdout(transport)) leaveStdoutToProtocol();
}

/**
 * The class may have been given other streams than those of the process. It does not say so in
 * public, but whatever streams it keeps are among its values.
 */
function mayWriteToStdout(transport: StdioTransport): boolean {
  const streams = Object.values(transport).filter((value) => value instanceof Writable);
  return streams.length === 0 || streams.includes(process.stdout);
}
