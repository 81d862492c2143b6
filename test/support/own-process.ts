import { spawn, type ChildProcess } from 'node:child_process';

const STOP_MS = 20_000;
/** Enough of the last output of a program to see why it did not start. */
const KEPT_OUTPUT = 4000;

/** Where a program runs. */
export interface ProcessPlace {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A program of the system that we have started, and that ends with all it has started itself. */
export class OwnProcess {
  /** Its last output. */
  output = '';

  private constructor(private readonly child: ChildProcess) {
    const keep = (text: unknown): void => {
      this.output = (this.output + String(text)).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', keep);
  }

  static start(file: string, args: readonly string[], { cwd, env }: ProcessPlace): OwnProcess {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl+C reaches us alone, and its children end with it.
      detached: true,
    });
    return new OwnProcess(child);
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Stops it, and waits until it has ended. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  private signal(name: NodeJS.Signals): void {
    try {
      process.kill(-this.child.pid!, name);
    } catch {
      // It has ended by itself in the meantime.
    }
  }
}
