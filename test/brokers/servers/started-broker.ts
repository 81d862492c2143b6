import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, untilAnswers, type Address } from './address.js';
import type { Broker, Program } from './brokers.js';

const START_MS = 60_000;
const STOP_MS = 20_000;
/** Where programs of the system are that are not on everybody's path. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];
/** Enough of what a broker said last to see why it did not start. */
const KEPT_OUTPUT = 4000;

/** A broker of our own: with a folder and ports that nobody else uses, gone when it is stopped. */
export class StartedBroker {
  /** In the order in which they were started. */
  private readonly children: ChildProcess[] = [];
  private output = '';

  private constructor(
    readonly broker: Broker,
    readonly address: Address,
    private readonly programs: readonly Program[],
    private readonly folder: string,
  ) {}

  /** @throws {Error} which says what is missing or what the broker said. */
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
    this.output = '';
    for (const program of this.programs) this.children.push(this.run(program));
    const isAlive = (): boolean => this.children.every(isRunning);
    if (await untilAnswers(this.broker, this.address, START_MS, isAlive)) return;
    await this.stop();
    throw new Error(`${this.broker.name} does not answer. It said:\n${this.output}`);
  }

  /** Stops what was started, and waits until it is gone. */
  async stop(): Promise<void> {
    for (const child of this.children.splice(0).toReversed()) await end(child);
  }

  /** Stops it and deletes what it has kept. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run({ file, args, env }: Program): ChildProcess {
    const child = spawn(findFile(file, this.broker), args, {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl+C reaches us alone, and its children end with it.
      detached: true,
    });
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + String(chunk)).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(String(error))));
    return child;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

function findFile(names: readonly string[], { debianPackage }: Broker): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS];
  const places = names.flatMap((name) =>
    name.startsWith('/') ? [name] : folders.map((folder) => join(folder, name)),
  );
  const found = places.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(`${names.at(-1)} is not installed (Debian: apt-get install ${debianPackage})`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

async function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  signal(child, 'SIGTERM');
  const timer = setTimeout(() => signal(child, 'SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-pid!, name);
  } catch {
    // It has ended by itself in the meantime.
  }
}
