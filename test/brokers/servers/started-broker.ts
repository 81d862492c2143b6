import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { OwnProcess } from '../../support/own-process.js';
import { eventually } from '../../support/line-sink.js';
import { findProgram } from '../../support/programs.js';
import { untilAnswers, type Address } from './address.js';
import type { Broker, Program } from './brokers.js';

const START_MS = 60_000;

/** A separate broker: with a folder and ports for itself only, removed when it is stopped. */
export class StartedBroker {
  /** In the order in which they were started. */
  private readonly children: OwnProcess[] = [];

  private constructor(
    readonly broker: Broker,
    public address: Address,
    private readonly programs: readonly Program[],
    private readonly folder: string,
  ) {}

  /** @throws {Error} with what is missing, or the output of the broker. */
  static async start(broker: Broker): Promise<StartedBroker> {
    const folder = mkdtempSync(join(tmpdir(), `${broker.name}-`));
    const [port = 0, ...otherPorts] = await freePorts(1 + broker.otherPorts);
    const programs = broker.programs({ port, otherPorts, folder });
    const started = new StartedBroker(broker, { host: '127.0.0.1', port }, programs, folder);
    try {
      await started.start();
    } catch (error) {
      await started.remove();
      throw error;
    }
    return started;
  }

  /** Starts it, again on the same port and with what it has kept. */
  async start(): Promise<void> {
    for (const program of this.programs) this.children.push(this.run(program));
    const isAlive = (): boolean => this.children.every(({ isRunning }) => isRunning);
    await this.findPort(isAlive);
    if (await untilAnswers(this.broker, this.address, START_MS, isAlive)) return;
    const output = this.children.map(({ output }) => output).join('\n');
    await this.stop();
    throw new Error(`${this.broker.name} does not answer. It said:\n${output}`);
  }

  private async findPort(isAlive: () => boolean): Promise<void> {
    const { portIn } = this.broker;
    if (portIn === undefined) return;
    const port = (): number | undefined =>
      portIn(this.children.map(({ output }) => output).join('\n'));
    await eventually(() => port() !== undefined || !isAlive(), 'its port');
    this.address = { ...this.address, port: port() ?? this.address.port };
  }

  /** Stops what was started, and waits until it has ended. */
  async stop(): Promise<void> {
    for (const child of this.children.splice(0).toReversed()) await child.stop();
  }

  /** Stops it and deletes what it has kept. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run({ file, args, env }: Program): OwnProcess {
    const { debianPackage } = this.broker;
    return OwnProcess.start(findProgram(file, debianPackage), args, { cwd: this.folder, env });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
