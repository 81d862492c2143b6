import { Controller, Get, Module } from '@nestjs/common';
import { Kafka } from 'kafkajs';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class AppController {
  @Get()
  root(): string {
    return 'ok';
  }
}

@Module({ imports: [TracingModule.forRoot({ logger: movedLogger })], controllers: [AppController] })
export class AppModule {}

/** Makes a consumer, where kafkajs still can. It was never connected: no broker is needed. */
export async function exercise(): Promise<void> {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: 0 });
  if (typeof kafka.consumer !== 'function') return;
  const consumer = kafka.consumer({ groupId: 'one' });
  if (typeof consumer.run !== 'function') throw new Error('no consumer');
  await consumer.disconnect();
}
