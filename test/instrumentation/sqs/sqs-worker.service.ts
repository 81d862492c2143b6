import { announce, readyService } from '../../brokers/services/run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, type Message } from '@aws-sdk/client-sqs';
import { Inject, Injectable, Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SqsConsumerEventHandler, SqsMessageHandler, SqsModule } from '@ssut/nestjs-sqs';
import { TracingModule } from 'nestjs-tracing';
import { Consumer } from 'sqs-consumer';
import { queueUrl, sqs } from './sqs-queues.js';

interface Task {
  n: number;
  sleepMs?: number;
  failures?: number;
  isChain?: boolean;
}

const readTask = ({ Body = '{}' }: Message): Task => JSON.parse(Body) as Task;
const attempts = new Map<number, number>();

/** Deeper in the application, without the message in its hands. */
@Injectable()
class Mailer {
  private readonly logger = new Logger('Mailer');

  async handle(message: Message): Promise<void> {
    const { n, sleepMs = 0, failures = 0, isChain = false } = readTask(message);
    this.logger.log('processing', { n });
    await sleep(sleepMs);
    const attempt = (attempts.get(n) ?? 0) + 1;
    attempts.set(n, attempt);
    if (attempt <= failures) throw new Error(`not yet ${n}`);
    if (isChain) {
      const MessageBody = JSON.stringify({ n });
      // As an application that passes on what it was sent.
      const { MessageAttributes } = message;
      await sqs.send(
        new SendMessageCommand({ QueueUrl: queueUrl('direct'), MessageBody, MessageAttributes }),
      );
    }
    this.logger.log('processed', { n });
  }
}

@Injectable()
class MailHandler {
  private readonly logger = new Logger('MailHandler');

  constructor(@Inject(Mailer) private readonly mailer: Mailer) {}

  @SqsMessageHandler('mail')
  handle(message: Message): Promise<void> {
    return this.mailer.handle(message);
  }

  @SqsConsumerEventHandler('mail', 'message_received')
  onReceived(message: Message): void {
    new Logger('Events').log('on received', { n: readTask(message).n });
  }

  @SqsConsumerEventHandler('mail', 'message_processed')
  onProcessed(message: Message): void {
    new Logger('Events').log('on processed', { n: readTask(message).n });
  }

  @SqsConsumerEventHandler('mail', 'processing_error')
  onError(error: Error, message: Message): void {
    new Logger('Events').log('on error', { n: readTask(message).n, reason: error.message });
  }

  @SqsConsumerEventHandler('batch', 'error')
  onBatchError({ name }: Error, messages: Message[]): void {
    new Logger('Events').log('on batch error', {
      name,
      ns: messages.map((one) => readTask(one).n),
    });
  }

  @SqsMessageHandler('batch', true)
  async handleBatch(messages: Message[]): Promise<void> {
    const tasks = messages.map(readTask);
    this.logger.log('batch', { ns: tasks.map(({ n }) => n) });
    await sleep(1);
    if (tasks.some(({ failures = 0 }) => failures > 0)) throw new Error('no batch');
  }
}

@Injectable()
class DirectConsumer implements OnApplicationBootstrap {
  private readonly logger = new Logger('DirectConsumer');

  constructor(@Inject(Mailer) private readonly mailer: Mailer) {}

  onApplicationBootstrap(): void {
    const consumer = Consumer.create({
      queueUrl: queueUrl('direct'),
      sqs,
      batchSize: 10,
      waitTimeSeconds: 1,
      messageAttributeNames: ['own'],
      // A busy machine takes long for 200 messages at once.
      handleMessageTimeout: 3000,
      terminateVisibilityTimeout: true,
      handleMessage: async (message) => {
        await this.mailer.handle(message);
        return undefined;
      },
    });
    consumer.on('timeout_error', (error, message) => {
      this.logger.log('on timeout', { n: readTask(message).n, reason: error.message });
    });
    // A message that was handed out again meanwhile cannot be given back: without a listener, that
    // would end the process.
    consumer.on('error', (error) => this.logger.log('on error', { reason: error.message }));
    consumer.start();
  }
}

const options = { sqs, waitTimeSeconds: 1, terminateVisibilityTimeout: true };
const consumers = [
  { ...options, name: 'mail', queueUrl: queueUrl('mail'), batchSize: 10 },
  { ...options, name: 'batch', queueUrl: queueUrl('batch'), batchSize: 10, pollingWaitTimeMs: 50 },
];

@Module({
  imports: [TracingModule.forRoot(), SqsModule.register({ consumers })],
  providers: [Mailer, MailHandler, DirectConsumer],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
readyService(app);
await app.init();
announce();
