import { announce, readyService } from '../../brokers/services/run-service.js';
import {
  SendMessageBatchCommand,
  SendMessageCommand,
  type MessageAttributeValue,
} from '@aws-sdk/client-sqs';
import { Body, Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SqsModule, SqsService } from '@ssut/nestjs-sqs';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { queueUrl, sqs } from './sqs-queues.js';

interface Sending {
  via: 'service' | 'command' | 'batch' | 'callback';
  queue: string;
  bodies?: string[];
  /** The length of one body, instead. */
  size?: number;
  attributes?: Record<string, MessageAttributeValue>;
}

@Controller()
class GatewayController {
  constructor(
    @Inject(SqsService) private readonly service: SqsService,
    @Inject(TraceContext) private readonly trace: TraceContext,
  ) {}

  @Post('send')
  async send(@Body() { via, queue, size = 0, bodies = ['x'.repeat(size)], attributes }: Sending) {
    const given = JSON.stringify(attributes);
    const MessageAttributes = attributes;
    const QueueUrl = queueUrl(queue);
    let error: string | undefined;
    try {
      if (via === 'service') {
        const messages = bodies.map((body, i) => ({
          id: String(i),
          body,
          messageAttributes: attributes,
        }));
        await this.service.send(queue, messages);
      } else if (via === 'batch') {
        const Entries = bodies.map((MessageBody, i) => ({
          Id: String(i),
          MessageBody,
          MessageAttributes,
        }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      } else {
        for (const MessageBody of bodies) {
          const command = new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes });
          if (via === 'command') await sqs.send(command);
          else {
            await new Promise<void>((resolve, reject) =>
              sqs.send(command, (failure: unknown) =>
                failure ? reject(failure as Error) : resolve(),
              ),
            );
          }
        }
      }
    } catch (failure) {
      error = (failure as Error).name;
    }
    const { traceId, spanId } = this.trace;
    return { traceId, spanId, error, isUnchanged: JSON.stringify(attributes) === given };
  }
}

const producers = ['mail', 'batch', 'direct'].map((name) => ({
  name,
  queueUrl: queueUrl(name),
  sqs,
}));

@Module({
  imports: [TracingModule.forRoot(), SqsModule.register({ producers })],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
announce({ url: await app.getUrl() });
