import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';

const FOLDER = 'test/brokers/services';

/** What the gateway answers. */
export interface Answer {
  status: number;
  traceId: string;
  answer?: { payload: unknown; booked: unknown; traceId: string };
  error?: unknown;
}

/** A gateway, a worker and a ledger, each a process of its own, with a broker between them. */
export class ThreeServices {
  private constructor(
    readonly gateway: ServiceProcess,
    readonly worker: ServiceProcess,
    readonly ledger: ServiceProcess,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<ThreeServices> {
    const start = (name: string): Promise<ServiceProcess> =>
      ServiceProcess.start(`${FOLDER}/${name}.ts`, env);
    if (env['TRANSPORT'] === 'kafka') {
      // Joining a group takes seconds, and a topic keeps what is sent before.
      const [gateway, worker, ledger] = await Promise.all(
        ['gateway', 'worker', 'ledger'].map(start),
      );
      return new ThreeServices(gateway!, worker!, ledger!);
    }
    // Senders start after the listeners are ready.
    const [ledger, worker] = await Promise.all([start('ledger'), start('worker')]);
    return new ThreeServices(await start('gateway'), worker, ledger);
  }

  async stop(): Promise<void> {
    await Promise.all([this.gateway, this.worker, this.ledger].map((one) => one.stop()));
  }

  /** Of all three. */
  get lines(): Line[] {
    return [this.gateway, this.worker, this.ledger].flatMap(({ lines }) => lines);
  }

  /** Waits until the spans of each trace make a tree. */
  untilTrees(...traceIds: readonly string[]): Promise<void> {
    return untilTrees(() => this.lines, ...traceIds);
  }

  async post(path: string, payload: object): Promise<Answer> {
    const response = await fetch(`${String(this.gateway.ready['url'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    });
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
  }

  /** The lines for which something holds, once there are that many. */
  async linesWhere(isWanted: (line: Line) => boolean, count: number): Promise<Line[]> {
    const found = (): Line[] => this.lines.filter(isWanted);
    await eventually(
      () => found().length >= count,
      () => `${count} lines, found ${JSON.stringify(found(), null, 1)}\n${this.stderr}`,
    );
    return found();
  }

  /** The access log lines of a trace's messages. */
  async messages(traceId: string, count: number): Promise<Line[]> {
    const lines = await this.linesWhere(
      (line) => line.message === 'Message finished' && line.trace_id === traceId,
      count,
    );
    if (lines.length > count) throw new Error(`too many: ${JSON.stringify(lines, null, 1)}`);
    return lines;
  }

  get stderr(): string {
    return [this.gateway, this.worker, this.ledger].map(({ stderr }) => stderr).join('');
  }
}
