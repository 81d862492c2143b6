import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AmqpConnection,
  defaultNackErrorHandler,
  MessageHandlerErrorBehavior,
  Nack,
  RabbitHeader,
  RabbitPayload,
  RabbitRPC,
  RabbitSubscribe,
  requeueErrorHandler,
} from '@golevelup/nestjs-rabbitmq';
import {
  Catch,
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
  type OnModuleInit,
} from '@nestjs/common';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, Transport } from '@nestjs/microservices';
import type { ConsumeMessage } from 'amqplib';
import { TraceContext } from 'nestjs-tracing';
import type { Observable } from 'rxjs';
import { EXCHANGE, RABBIT_MODULES, scopedName } from './golevelup-modules.js';

interface Task {
  n?: number;
  sleepMs?: number;
  fails?: boolean;
  rejections?: number;
}

const logger = new Logger('Worker');
const gone = { durable: false, autoDelete: true };

@Injectable()
class LogGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    logger.log('guard', { n: context.getArgByIndex<Task>(0).n });
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
    logger.log('interceptor', { n: context.getArgByIndex<Task>(0).n });
    return next.handle();
  }
}

/** Lets the error through to the connection, and to its error handler. */
@Catch()
class LogFilter implements ExceptionFilter {
  catch(error: Error): never {
    logger.log('filter', { n: Number(error.message) });
    throw error;
  }
}

/** How often a message was rejected, as RabbitMQ counts. */
function rejectionsOf({ fields, properties }: ConsumeMessage): number {
  const deaths = properties.headers?.['x-death'] as { count: number; reason: string }[] | undefined;
  const rejected = deaths?.find(({ reason }) => reason === 'rejected')?.count ?? 0;
  return rejected + Number(fields.redelivered);
}

@Injectable()
@UseGuards(LogGuard)
@UseInterceptors(LogInterceptor)
@UseFilters(LogFilter)
class TasksConsumer implements OnModuleInit {
  constructor(
    private readonly rabbit: AmqpConnection,
    private readonly trace: TraceContext,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.rabbit.createSubscriber<Task>(
      async (task) => this.handle(task ?? {}),
      {
        exchange: EXCHANGE,
        routingKey: 'hand.*',
        queue: scopedName('hand'),
        queueOptions: { ...gone, channel: 'slow' },
      },
      'byHand',
    );
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'task.*.created',
    queue: scopedName('created'),
    queueOptions: gone,
    allowNonJsonMessages: false,
  })
  async created(
    @RabbitPayload(LogPipe) task: Task,
    _message: ConsumeMessage,
    @RabbitHeader() headers: Record<string, unknown> | undefined,
  ): Promise<void> {
    await this.handle(task, { headers });
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'chain',
    queue: scopedName('chain'),
    queueOptions: gone,
  })
  async chain(task: Task, message: ConsumeMessage): Promise<void> {
    await this.handle(task);
    // As an application does that passes on all that it got.
    await this.rabbit.publish(EXCHANGE, 'hand.chained', task, {
      headers: message.properties.headers,
    });
  }

  @RabbitRPC({
    exchange: EXCHANGE,
    routingKey: 'rpc.double',
    queue: scopedName('rpc'),
    queueOptions: gone,
    errorBehavior: MessageHandlerErrorBehavior.ACK,
    errorHandler: (channel, message, error) => {
      logger.error(`error handler ${(error as Error).message}`);
      (channel as { ack(one: unknown): void }).ack(message);
    },
  })
  async double(task: Task) {
    await this.handle(task);
    return { doubled: 2 * (task.n ?? 0), traceId: this.trace.traceId };
  }

  @RabbitRPC({
    exchange: EXCHANGE,
    routingKey: ['rpc.shared.*', 'rpc.other'],
    queue: scopedName('rpc'),
    queueOptions: gone,
  })
  async shared(task: Task) {
    await this.handle(task);
    return { shared: task.n };
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'nack',
    queue: scopedName('nack'),
    queueOptions: gone,
  })
  async nack(task: Task, { fields }: ConsumeMessage): Promise<Nack | undefined> {
    await this.handle(task);
    return fields.redelivered ? undefined : new Nack(true);
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'requeue',
    queue: scopedName('requeue'),
    queueOptions: gone,
    errorHandler: requeueErrorHandler,
  })
  async requeue(task: Task, message: ConsumeMessage): Promise<void> {
    await this.handle({ ...task, fails: !message.fields.redelivered });
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'dead',
    queue: scopedName('dead'),
    queueOptions: {
      ...gone,
      deadLetterExchange: '',
      deadLetterRoutingKey: scopedName('retry'),
    },
    errorHandler: defaultNackErrorHandler,
  })
  async dead(task: Task, message: ConsumeMessage): Promise<void> {
    await this.handle({ ...task, fails: rejectionsOf(message) < (task.rejections ?? 0) });
  }

  @RabbitSubscribe({
    exchange: EXCHANGE,
    routingKey: 'batch',
    queue: scopedName('batch'),
    queueOptions: gone,
    batchOptions: { size: 3, timeout: 100 },
  })
  async batch(tasks: Task[]): Promise<void> {
    logger.log('batch', { ns: tasks.map(({ n }) => n) });
    await sleep(5);
    if (tasks.some(({ fails }) => fails)) throw new Error('batch');
  }

  private async handle({ n, sleepMs = 0, fails, ...rest }: Task, more = {}): Promise<void> {
    logger.log('handling', { n, rest, ...more });
    await sleep(sleepMs);
    if (fails) throw new Error(String(n));
    logger.log('handled', { n });
  }
}

@Controller()
class NestController {
  @EventPattern(scopedName('nest'))
  async event(@Payload() { n }: Task): Promise<void> {
    logger.log('handling', { n });
    await sleep(1);
  }
}

@Module({ imports: RABBIT_MODULES, controllers: [NestController], providers: [TasksConsumer] })
class WorkerModule {}

const app = await NestFactory.create(WorkerModule, { bufferLogs: true });
readyService(app);
app.connectMicroservice({
  transport: Transport.RMQ,
  options: {
    urls: [process.env['BROKER_URL']!],
    queue: scopedName('nest-queue'),
    queueOptions: gone,
  },
});
await app.startAllMicroservices();
await app.init();
// What is rejected comes back after a while.
const { channel } = app.get(AmqpConnection);
await channel.assertQueue(scopedName('retry'), {
  ...gone,
  autoDelete: false,
  expires: 60_000,
  messageTtl: 20,
  deadLetterExchange: '',
  deadLetterRoutingKey: scopedName('dead'),
});
announce();
