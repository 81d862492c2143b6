import { Inject, Injectable } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, timeout } from 'rxjs';
import { PATTERNS } from '../contracts/patterns.js';
import type { Charge, Payment, Settlement } from '../contracts/payment.js';
import { PATIENCE_MS, PaymentsWorker } from './payments-worker.js';
import { WORKER_CLIENT } from './worker-client.token.js';

/** Calls the worker over TCP or a broker. */
@Injectable()
export class MessageClient extends PaymentsWorker {
  constructor(@Inject(WORKER_CLIENT) private readonly client: ClientProxy) {
    super();
  }

  charge(payment: Payment): Promise<Charge> {
    return this.ask(PATTERNS.charge, payment);
  }

  settle(): Promise<Settlement> {
    return this.ask(PATTERNS.settle, {});
  }

  private ask<T>(pattern: string, data: object): Promise<T> {
    return firstValueFrom(this.client.send<T>(pattern, data).pipe(timeout(PATIENCE_MS)));
  }
}
