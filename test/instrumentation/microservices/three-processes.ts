import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import type { Line } from '../../support/line-sink.js';
import type { Payment } from './payments.controller.js';

/** NestJS's options for a transport, to be sent as JSON. */
export interface TransportOptions {
  readonly transport: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A gateway (HTTP), a worker that it sends messages to, and a ledger that the worker notifies. */
export class ThreeProcesses {
  private constructor(
    readonly gateway: ServiceProcess,
    readonly worker: ServiceProcess,
    readonly ledger: ServiceProcess,
  ) {}

  /**
   * Starts them.
   *
   * @param optionsOf the options of the server of a service, or those of its clients where a port is given.
   */
  static async start(
    optionsOf: (service: 'worker' | 'ledger', port?: unknown) => TransportOptions,
  ): Promise<ThreeProcesses> {
    const json = (...args: Parameters<typeof optionsOf>): string =>
      JSON.stringify(optionsOf(...args));
    const ledger = await start('ledger', { LEDGER: json('ledger') });
    const worker = await start('worker', {
      WORKER: json('worker'),
      LEDGER: json('ledger', ledger.ready['port']),
    });
    const gateway = await start('gateway', { WORKER: json('worker', worker.ready['port']) });
    return new ThreeProcesses(gateway, worker, ledger);
  }

  get all(): readonly ServiceProcess[] {
    return [this.gateway, this.worker, this.ledger];
  }

  /** The lines of all of them. */
  get lines(): Line[] {
    return this.all.flatMap(({ lines }) => lines);
  }

  post(path: string, payment: Payment, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${String(this.gateway.ready['port'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(payment),
    });
  }

  /** Waits until the spans of each trace make a tree. */
  untilTrees(...traceIds: readonly string[]): Promise<void> {
    return untilTrees(() => this.lines, ...traceIds);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((service) => service.stop()));
  }
}

function start(name: string, env: Record<string, string>): Promise<ServiceProcess> {
  return ServiceProcess.start(`test/instrumentation/microservices/${name}.process.ts`, env);
}
