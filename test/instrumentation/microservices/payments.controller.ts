import { setTimeout as sleep } from 'node:timers/promises';
import {
  Catch,
  Controller,
  Inject,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom, tap, throwError, type Observable } from 'rxjs';
import { TraceId, TracingLogger } from '../../../src/index.js';

export interface Payment {
  readonly user: string;
  readonly amount: number;
  /** How long charging takes, in milliseconds. */
  readonly delay?: number;
}

/** The client with which the worker notifies the ledger. */
export const LEDGER = Symbol('ledger');

@Injectable()
class LoggingGuard implements CanActivate {
  constructor(private readonly logger: TracingLogger) {}

  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToRpc().getData<Payment>();
    this.logger.log(`guard ${user}`);
    return user !== 'mallory';
  }
}

@Injectable()
class LoggingPipe implements PipeTransform {
  constructor(private readonly logger: TracingLogger) {}

  transform(value: Payment): Payment {
    if (typeof value?.user === 'string') this.logger.log(`pipe ${value.user}`);
    return value;
  }
}

@Injectable()
class LoggingInterceptor implements NestInterceptor {
  constructor(private readonly logger: TracingLogger) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { user } = context.switchToRpc().getData<Payment>();
    this.logger.log(`interceptor before ${user}`);
    return next.handle().pipe(tap(() => this.logger.log(`interceptor after ${user}`)));
  }
}

@Catch()
@Injectable()
class LoggingFilter implements ExceptionFilter {
  constructor(private readonly logger: TracingLogger) {}

  catch(error: Error): Observable<never> {
    this.logger.log(`filter ${error.message}`);
    return throwError(() => ({ status: 'error', message: error.message }));
  }
}

/** Charges payments and notifies the ledger. Each of its log lines ends with the user that it is for. */
@Controller()
@UseGuards(LoggingGuard)
@UsePipes(LoggingPipe)
@UseInterceptors(LoggingInterceptor)
@UseFilters(LoggingFilter)
export class PaymentsController {
  constructor(
    private readonly logger: TracingLogger,
    @Inject(LEDGER) private readonly ledger: ClientProxy,
  ) {}

  @MessagePattern('payment.charge')
  async charge(@Payload() payment: Payment, @TraceId() traceId: string): Promise<object> {
    const { user, amount, delay = 0 } = payment;
    this.logger.log(`charging ${user}`);
    await sleep(delay);
    if (amount < 0) throw new RpcException(`refused ${user}`);
    this.logger.log(`charged ${user}`);
    await firstValueFrom(this.ledger.emit('payment.done', { user }), { defaultValue: undefined });
    this.logger.log(`notified ${user}`);
    return { user, traceId, keys: Object.keys(payment) };
  }

  @EventPattern('payment.noted')
  async noted(@Payload() payment: Payment): Promise<void> {
    this.logger.log(`noting ${payment.user}`);
    await sleep(payment.delay ?? 0);
    this.logger.log(`noted ${payment.user}`);
  }
}

/** Keeps the books. An event has two handlers here, which are one delivery. */
@Controller()
export class LedgerController {
  constructor(private readonly logger: TracingLogger) {}

  @EventPattern('payment.done')
  async book({ user }: Payment): Promise<void> {
    this.logger.log(`booking ${user}`);
    await sleep(1);
    this.logger.log(`booked ${user}`);
  }
}
