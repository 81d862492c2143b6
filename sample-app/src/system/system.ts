import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { HOST, portOf } from '../addresses.js';
import type { LogEntry } from './log-entry.js';
import { ServiceProcess } from './service-process.js';

/** What the gateway prints when its trace viewer can be opened. */
const LINK = /https?:\/\/\S+\?token=\S+/;
const LINK_MS = 2000;
const SERVICES = ['gateway', 'worker', 'ledger', 'feed', 'mcp', 'nightly'];

/** All services, each in a process of its own, and the lines that they log. */
export class System extends EventEmitter<{ line: [LogEntry]; link: [] }> {
  readonly urls = {
    gateway: `http://${HOST}:${portOf('GATEWAY_PORT')}`,
    /** The link to the trace viewer: with its token once the system has started. */
    page: `http://${HOST}:${portOf('GATEWAY_PORT')}/_traces/`,
    feed: `ws://${HOST}:${portOf('FEED_PORT')}/feed`,
    mcp: `http://${HOST}:${portOf('MCP_PORT')}/mcp`,
  };
  private services: readonly ServiceProcess[] = [];

  async start(): Promise<void> {
    const link = once(this, 'link');
    this.services = SERVICES.map((name) => this.spawn(name));
    await Promise.all(this.services.map((service) => service.ready()));
    // It comes through another pipe than the message that the gateway is ready.
    await Promise.race([link, setTimeout(LINK_MS, undefined, { ref: false })]);
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
    const onLine = (entry: LogEntry): boolean => this.emit('line', entry);
    return new ServiceProcess(name, args, onLine, (text) => this.takeMessage(text));
  }

  /** Keeps the link for where a reader finds it, and passes on all else. */
  private takeMessage(text: string): void {
    const [link] = LINK.exec(text) ?? [];
    if (link === undefined) process.stderr.write(`${text}\n`);
    else {
      this.urls.page = link;
      this.emit('link');
    }
  }
}
