import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Metadata,
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
} from '@grpc/grpc-js';
import { Controller, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import { concatMap, delay, from, interval, map, tap, toArray, type Observable } from 'rxjs';
import { TraceContext, TracingLogger } from '../../../src/index.js';
import type { Payment } from './payments.controller.js';

export interface Receipt {
  readonly user: string;
  readonly traceId: string;
}

/** Milliseconds: a client that disconnects ends its stream first, and the call is cancelled a little later. */
const LATE = 250;

class NoMallory implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<Partial<Payment>>().user !== 'mallory';
  }
}

/** Every kind of gRPC call. Each of its log lines ends with the user that it is for. */
@Controller()
export class GrpcController {
  constructor(
    private readonly logger: TracingLogger,
    private readonly trace: TraceContext,
  ) {}

  @GrpcMethod('PaymentService', 'Charge')
  @UseGuards(new NoMallory())
  async charge({ user, amount }: Payment, metadata?: unknown): Promise<Receipt> {
    this.logger.log(`charging ${user}`, { metadata: (metadata as Metadata | undefined)?.getMap() });
    await sleep(amount);
    if (amount < 0) throw new RpcException(`refused ${user}`);
    this.logger.log(`charged ${user}`);
    return this.receipt(user);
  }

  @GrpcMethod('PaymentService', 'Watch')
  watch({ user }: Payment): Observable<Receipt> {
    return interval(5).pipe(
      tap(() => this.logger.log(`watched ${user}`)),
      map(() => this.receipt(user)),
    );
  }

  @GrpcStreamMethod('PaymentService', 'ChargeAll')
  chargeAll(payments: Observable<Payment>): Observable<Receipt> {
    return payments.pipe(
      tap(({ user }) => this.logger.log(`took ${user}`)),
      toArray(),
      delay(LATE),
      tap(([first]) => this.logger.log(`charged ${first?.user}`)),
      map((all) => this.receipt(all.map(({ user }) => user).join())),
    );
  }

  @GrpcStreamMethod('PaymentService', 'Exchange')
  exchange(payments: Observable<Payment>): Observable<Receipt> {
    return payments.pipe(
      concatMap(({ user }) => from(sleep(1, user))),
      tap((user) => this.logger.log(`exchanged ${user}`)),
      map((user) => this.receipt(user)),
    );
  }

  @GrpcStreamCall('PaymentService', 'Relay')
  relay(call: ServerDuplexStream<Payment, Receipt>): void {
    const metadata = call.metadata.getMap();
    call.on('data', ({ user, amount }: Payment) => {
      this.logger.log(`relayed ${user}`, { metadata });
      if (amount < 0) call.emit('error', new Error(`refused ${user}`));
      else call.write(this.receipt(user));
    });
    call.on('end', () => setTimeout(() => call.end(), LATE));
  }

  @GrpcStreamCall('PaymentService', 'Collect')
  collect(call: ServerReadableStream<Payment, Receipt>, respond: sendUnaryData<Receipt>): void {
    const users: string[] = [];
    call.on('data', ({ user }: Payment) => {
      this.logger.log(`collected ${user}`);
      users.push(user);
    });
    call.on('end', () => {
      const refusal = users.length === 0 ? new Error('nothing') : null;
      setTimeout(() => respond(refusal, this.receipt(users.join())), LATE);
    });
  }

  private receipt(user: string): Receipt {
    return { user, traceId: this.trace.traceId ?? 'none' };
  }
}
