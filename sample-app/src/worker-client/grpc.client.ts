import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, timeout, type Observable } from 'rxjs';
import type { Charge, Payment, Settlement } from '../contracts/payment.js';
import { PATIENCE_MS, PaymentsWorker } from './payments-worker.js';
import { WORKER_CLIENT } from './worker-client.token.js';

/** The service of payments.proto. */
interface GrpcPaymentsWorker {
  charge(payment: Payment): Observable<Charge>;
  settle(nothing: object): Observable<Settlement>;
}

/** Calls the worker over gRPC. */
@Injectable()
export class GrpcClient extends PaymentsWorker implements OnModuleInit {
  private worker!: GrpcPaymentsWorker;

  constructor(@Inject(WORKER_CLIENT) private readonly client: ClientGrpc) {
    super();
  }

  onModuleInit(): void {
    this.worker = this.client.getService<GrpcPaymentsWorker>('PaymentsWorker');
  }

  charge(payment: Payment): Promise<Charge> {
    return firstValueFrom(this.worker.charge(payment).pipe(timeout(PATIENCE_MS)));
  }

  settle(): Promise<Settlement> {
    return firstValueFrom(this.worker.settle({}).pipe(timeout(PATIENCE_MS)));
  }
}
