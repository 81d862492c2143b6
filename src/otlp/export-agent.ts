import type { Agent } from 'node:http';
import { tlsFromEnv, type Signal } from './otlp-environment.js';

/**
 * The HTTP agent of one exporter. The exporter would make one itself, but then its connections
 * could not be ended, and a collector that hangs would keep the process alive.
 */
export class ExportAgent {
  private agent: Agent | undefined;
  private isDestroyed = false;

  constructor(private readonly signal: Signal) {}

  /** Makes the agent; an exporter calls it before its first request. */
  readonly make = async (protocol: string): Promise<Agent> => {
    // Loaded only here: OpenTelemetry's instrumentation of HTTP has to come first.
    const agent =
      protocol === 'http:'
        ? new (await import('node:http')).Agent({ keepAlive: true })
        : new (await import('node:https')).Agent({ keepAlive: true, ...tlsFromEnv(this.signal) });
    this.agent = agent;
    if (this.isDestroyed) this.destroy();
    return agent;
  };

  /** Ends all connections, and opens no more. */
  destroy(): void {
    this.isDestroyed = true;
    if (this.agent === undefined) return;
    // A destroyed agent would open a connection for a request that is made later.
    this.agent.createConnection = refuse;
    this.agent.destroy();
  }
}

function refuse(): never {
  throw new Error('the application has closed');
}
