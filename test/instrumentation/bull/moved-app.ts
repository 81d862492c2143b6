import { BullModule, getQueueToken } from '@nestjs/bull';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';
import { IdleRedis } from './idle-redis.js';

@Controller()
class RootController {
  @Get()
  root() {
    return 'ok';
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ logger: movedLogger }),
    BullModule.registerQueue({
      name: 'mails',
      createClient: () => new IdleRedis() as never,
    }),
  ],
  controllers: [RootController],
})
export class AppModule {}

/** Emits an event about a job, as Bull would. */
export function exercise(app: INestApplication): void {
  const queue = app.get<Queue>(getQueueToken('mails'), { strict: false });
  const job = { queue, name: 'mail', opts: {}, attemptsMade: 1 };
  queue.emit('failed', job as unknown as Job, new Error('no processor'));
}
