import { EventEmitter } from 'node:events';
import { HOST, portOf } from '../addresses.js';
import type { LogEntry } from './log-entry.js';
import { ServiceProcess } from './service-process.js';

const SERVICES = ['gateway', 'worker', 'ledger', 'feed', 'mcp', 'nightly'];

/** All services, each in a process of its own, and the lines that they log. */
export class System extends EventEmitter<{ line: [LogEntry] }> {
  readonly urls = {
    gateway: `http://${HOST}:${portOf('GATEWAY_PORT')}`,
    page: `http://${HOST}:${portOf('GATEWAY_PORT')}/_traces/`,
    feed: `ws://${HOST}:${portOf('FEED_PORT')}/feed`,
    mcp: `http://${HOST}:${portOf('MCP_PORT')}/mcp`,
  };
  private services: readonly ServiceProcess[] = [];

  async start(): Promise<void> {
    this.services = SERVICES.map((name) => this.spawn(name));
    await Promise.all(this.services.map((service) => service.ready()));
  }

  /** Starts another process, which ends by itself. */
  async run(name: string, ...args: string[]): Promise<void> {
    await this.spawn(name, args).ended;
  }

  /** Resolves when one of the services has ended, to a sentence about how. */
  ended(): Promise<string> {
    return Promise.race(this.services.map((service) => service.ended));
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
  }

  private spawn(name: string, args: readonly string[] = []): ServiceProcess {
    return new ServiceProcess(name, args, (entry) => this.emit('line', entry));
  }
}
