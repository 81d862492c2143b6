import './visitor.js';
import { ServiceProcess } from '../../../support/service-process.js';

const FILE = 'test/viewer/browser/support/shop.process.ts';

/** A shop in a process of its own, as a developer runs it, that can end and come back. */
export class ShopProcess {
  private constructor(
    private process: ServiceProcess,
    readonly port: number,
  ) {}

  static async start(env: Readonly<Record<string, string>> = {}): Promise<ShopProcess> {
    const process = await ServiceProcess.start(FILE, env);
    return new ShopProcess(process, Number(process.ready['port']));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async send(path: string, init?: RequestInit): Promise<void> {
    await (await fetch(this.url + path, init)).arrayBuffer();
  }

  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.process.stop(signal);
  }

  /** On the same port. */
  async startAgain(): Promise<void> {
    this.process = await ServiceProcess.start(FILE, { PORT: String(this.port) });
  }
}
