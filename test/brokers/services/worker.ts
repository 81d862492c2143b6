import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Catch,
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxy,
  ClientsModule,
  Ctx,
  EventPattern,
  KafkaRetriableException,
  MessagePattern,
  Payload,
  type RmqContext,
} from '@nestjs/microservices';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { firstValueFrom, throwError, type Observable } from 'rxjs';
import { scoped } from './scope.js';
import { connectClient, listenAs, transportTo } from './transport-options.js';

interface Task {
  n: number;
  sleepMs?: number;
  fails?: boolean;
  /** How often it is given back before it is done. */
  rejections?: number;
  isHopeless?: boolean;
}

type Events = Record<string, Task>;

const logger = new Logger('Worker');

@Injectable()
class LogGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    logger.log('guard', { n: context.switchToRpc().getData<Task>().n });
    return true;
  }
}

@Injectable()
class LogPipe implements PipeTransform<Task> {
  transform(payload: Task): Task {
    logger.log('pipe', { n: payload.n });
    return payload;
  }
}

@Injectable()
class LogInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    logger.log('interceptor', { n: context.switchToRpc().getData<Task>().n });
    return next.handle();
  }
}

@Catch()
class LogFilter implements ExceptionFilter {
  catch(error: Error): Observable<never> {
    logger.log('filter', { n: Number(error.message) });
    return throwError(() =>
      error instanceof KafkaRetriableException || 'retriable' in error
        ? error
        : { status: 'error', message: error.message },
    );
  }
}

@Controller()
@UseGuards(LogGuard)
@UseInterceptors(LogInterceptor)
@UseFilters(LogFilter)
class WorkerController {
  /** How often a task has been refused. */
  private readonly refused = new Map<number, number>();

  constructor(
    @Inject('LEDGER') private readonly ledger: ClientProxy,
    private readonly trace: TraceContext,
  ) {}

  @MessagePattern(scoped('work'))
  async work(@Payload(LogPipe) payload: Task) {
    await this.handle(payload);
    const booked = await firstValueFrom<unknown>(this.ledger.send(scoped('book'), payload));
    logger.log('handled', { n: payload.n });
    return { payload, booked, traceId: this.trace.traceId };
  }

  @EventPattern<Events>(scoped('event'))
  async event(@Payload(LogPipe) payload: Task): Promise<void> {
    await this.handle(payload);
    await firstValueFrom(this.ledger.emit(scoped('booked'), payload), { defaultValue: undefined });
    logger.log('handled', { n: payload.n });
  }

  @EventPattern<Events>(scoped('redeliver'))
  async redeliver(@Payload() payload: Task, @Ctx() rmq: unknown): Promise<void> {
    const context = rmq as RmqContext;
    await this.handle(payload);
    const channel = context.getChannelRef();
    const message = context.getMessage();
    const { 'x-delivery-count': count = Number(message.fields.redelivered) } =
      message.properties.headers ?? {};
    if (Number(count) < (payload.rejections ?? 0)) channel.nack(message, false, true);
    else channel.ack(message);
  }

  @EventPattern<Events>(scoped('retry'))
  async retry(@Payload() payload: Task): Promise<void> {
    await this.handle(payload);
    this.refuse(payload);
  }

  @MessagePattern(scoped('retried'))
  async retried(@Payload() payload: Task) {
    await this.retry(payload);
    return { traceId: this.trace.traceId };
  }

  private refuse({ n, rejections = 0, isHopeless }: Task): void {
    const count = this.refused.get(n) ?? 0;
    this.refused.set(n, count + 1);
    // kafkajs gives up at once where an error says so.
    if (isHopeless === true) throw Object.assign(new Error(`never ${n}`), { retriable: false });
    if (count < rejections) throw new KafkaRetriableException(`not yet ${n}`);
  }

  private async handle({
    n,
    sleepMs = 0,
    fails,
    rejections: _rejections,
    isHopeless: _isHopeless,
    ...rest
  }: Task): Promise<void> {
    logger.log('handling', { n, rest });
    await sleep(sleepMs);
    // Kafka would deliver an event that fails again and again.
    if (fails && !this.refused.has(n)) {
      if (process.env['TRANSPORT'] === 'kafka') this.refused.set(n, 1);
      throw new Error(String(n));
    }
  }
}

/** Without a filter of its own: NestJS logs what it throws. */
@Controller()
class PlainController {
  @MessagePattern(scoped('plain'))
  async plain(@Payload() { n, sleepMs = 0 }: Task): Promise<void> {
    await sleep(sleepMs);
    throw new Error(`plain ${n}`);
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ logger: { level: 'debug' } }),
    ClientsModule.register([{ name: 'LEDGER', ...transportTo('ledger') }]),
  ],
  controllers: [WorkerController, PlainController],
})
class WorkerModule {}

const app = await NestFactory.createMicroservice(WorkerModule, {
  ...listenAs('worker'),
  bufferLogs: true,
});
readyService(app);
await app.listen();
await connectClient(app.get<object>('LEDGER'), 'book');
announce();
