import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PortName } from '../../sample-app/src/addresses.js';
import { freePorts } from '../../sample-app/src/system/free-ports.js';
import { compiledProgram } from '../support/compiled-program.js';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess } from '../support/service-process.js';

/** The environment of services whose spans are among their lines. */
export const WITH_SPANS = {
  NODE_OPTIONS: `--import ${compiledProgram('test/support/print-spans.ts')}`,
};

export type Name = 'gateway' | 'worker' | 'ledger' | 'feed' | 'mcp';

/** Services of the sample application, each in a process of its own, which know each other. */
export class SampleServices {
  private readonly services: ServiceProcess[] = [];

  private constructor(private readonly env: Readonly<Record<string, string>>) {}

  static async start(names: Name[], env: Record<string, string> = {}): Promise<SampleServices> {
    const services = new SampleServices({ ...(await freePorts()), ...env });
    await Promise.all(names.map((name) => services.add(name)));
    return services;
  }

  /** One more of them. */
  async add(name: Name, env: Record<string, string> = {}): Promise<ServiceProcess> {
    const file = `sample-app/src/${name}/main.ts`;
    const service = await ServiceProcess.start(file, { ...this.env, ...env });
    this.services.push(service);
    return service;
  }

  /** The lines of the nightly job, run by hand. */
  async runNightly(): Promise<Line[]> {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [compiledProgram('sample-app/src/nightly/main.ts'), '--now'],
      { env: { ...env, ...this.env } },
    );
    return `${stdout}${stderr}`
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  }

  port(name: PortName): number {
    return Number(this.env[name]);
  }

  /** Where a service listens, as in `http://127.0.0.1:3000`. */
  url(name: PortName, protocol = 'http'): string {
    return `${protocol}://127.0.0.1:${this.port(name)}`;
  }

  /** All lines and spans of a trace so far. */
  linesOf(traceId: unknown): Line[] {
    return this.services
      .flatMap((service) => service.lines)
      .filter((line) => line.trace_id === traceId);
  }

  /** All lines of a trace, once so many things have finished. */
  async linesAfter(finishes: number, traceId: unknown): Promise<Line[]> {
    const finished = (): Line[] =>
      this.linesOf(traceId).filter(({ outcome }) => outcome !== undefined);
    await eventually(() => finished().length >= finishes, `${finishes} access log lines`);
    return this.linesOf(traceId);
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
  }
}

/** What each service wrote. */
export function messagesByService(lines: readonly Line[]): Record<string, string[]> {
  const messages: Record<string, string[]> = {};
  for (const { service, message } of lines) {
    if (message !== 'Span finished') (messages[String(service)] ??= []).push(message);
  }
  return messages;
}
