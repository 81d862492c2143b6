import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { HOST, portOf } from '../addresses.js';
import { note, warn } from '../terminal/terminal.js';
import type { LogEntry } from './log-entry.js';
import { ServiceProcess } from './service-process.js';
import { waitUntil } from './wait-until.js';

/** What the gateway prints when its trace viewer can be opened. */
const LINK = /https?:\/\/\S+\?token=\S+/;
const LINK_MS = 5000;
/** It serves the page, so the system does not outlive it. */
const FRONT = 'gateway';
const OTHERS = ['worker', 'ledger', 'feed', 'mcp', 'nightly'];

/** All services, each in a process of its own, and the lines that they log. */
export class System extends EventEmitter<{ line: [LogEntry]; link: [] }> {
  readonly urls = {
    gateway: `http://${HOST}:${portOf('GATEWAY_PORT')}`,
    /** The link to the trace viewer: with its token once the system has started. */
    page: `http://${HOST}:${portOf('GATEWAY_PORT')}/_traces/`,
    feed: `ws://${HOST}:${portOf('FEED_PORT')}/feed`,
    mcp: `http://${HOST}:${portOf('MCP_PORT')}/mcp`,
  };
  private readonly services: ServiceProcess[] = [];
  private isStopping = false;

  /** Waits as long as all processes are alive, within reason. */
  async start(): Promise<void> {
    const link = once(this, 'link');
    note(`Starting ${OTHERS.length + 1} processes: ${[FRONT, ...OTHERS].join(', ')}`);
    // The others send their traces to its page.
    await this.startAll([FRONT]);
    await this.startAll(OTHERS);
    // It comes through another pipe than the message that the gateway is ready.
    await Promise.race([link, setTimeout(LINK_MS, undefined, { ref: false })]);
  }

  /** How the first service has ended, if one has. */
  get failure(): string | undefined {
    return this.services.find(({ end }) => end !== undefined)?.end;
  }

  /** Starts another process, which ends by itself. Returns whether it did so in time. */
  async run(name: string, ...args: string[]): Promise<boolean> {
    const process = this.spawn(name, args);
    const isOver = await waitUntil(
      () => process.end !== undefined,
      () => `the end of ${name} ${args.join(' ')}`,
    );
    if (!isOver) await process.stop();
    return isOver;
  }

  /** Resolves when the process that serves the page has ended, to a sentence about how. */
  async pageEnded(): Promise<string> {
    const front = this.services.find(({ name }) => name === FRONT);
    return front === undefined ? `${FRONT} has not started` : front.ended;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.services.map((service) => service.stop()));
  }

  private async startAll(names: readonly string[]): Promise<void> {
    const started = names.map((name) => this.spawn(name));
    this.services.push(...started);
    for (const { ended } of started) void ended.then((how) => this.takeEnd(how));
    const missing = (): string =>
      started
        .filter(({ isReady }) => !isReady)
        .map(({ name }) => name)
        .join(', ');
    await waitUntil(() => missing() === '' || this.failure !== undefined, missing);
    if (this.failure !== undefined) throw new Error(this.failure);
    if (missing() !== '') warn(`expected all processes to be ready; not ready yet: ${missing()}`);
  }

  private spawn(name: string, args: readonly string[] = []): ServiceProcess {
    const onLine = (entry: LogEntry): boolean => this.emit('line', entry);
    return new ServiceProcess(name, args, onLine, (text) => this.takeMessage(text));
  }

  /** An end that was not asked for. */
  private takeEnd(how: string): void {
    if (!this.isStopping) warn(how);
  }

  /** Keeps the link for where a reader finds it, and passes on all else. */
  private takeMessage(text: string): void {
    const [link] = LINK.exec(text) ?? [];
    if (link === undefined) note(text);
    else {
      this.urls.page = link;
      this.emit('link');
    }
  }
}
