import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { SERVER, smoke } from './smoke.js';

const { hostname: host, port } = new URL(SERVER || 'redis://127.0.0.1:1');

@Processor('mail')
class MailProcessor extends WorkerHost {
  private readonly logger = new Logger('Mail');

  async process(job: Job<{ n: number }>): Promise<void> {
    this.logger.log(`mailing ${job.data.n}`);
  }
}

await smoke({
  needsServer: true,
  withServer: {
    imports: [
      BullModule.forRoot({ connection: { host, port: Number(port) } }),
      BullModule.registerQueue({ name: 'mail' }),
    ],
    providers: [MailProcessor],
  },
  work: (n, app) => app.get<Queue>(getQueueToken('mail')).add('welcome', { n }),
  lines: [{ message: /^mailing \d$/ }, { message: 'Job finished', outcome: 'completed' }],
});
