import { leaveStdoutToProtocol } from '../../logging/output/protocol-output.js';

/** The server's end of stdio, in the SDK. */
export interface StdioTransport {
  /** Private there, and standard output unless a test says otherwise. */
  readonly _stdout?: unknown;
  start(): Promise<void>;
}

/**
 * Nothing but the protocol may stand on the standard output of a server.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
 */
export function traceStdio(prototype: StdioTransport): void {
  const { start } = prototype;
  prototype.start = function () {
    if (this._stdout === undefined || this._stdout === process.stdout) leaveStdoutToProtocol();
    return start.call(this);
  };
}
