import { BullModule, BullRegistrar, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Processor('mails')
class MailProcessor extends WorkerHost {
  async process(): Promise<void> {}
}

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
    BullModule.forRoot({ connection: {}, extraOptions: { manualRegistration: true } }),
    BullModule.registerFlowProducerAsync(),
  ],
  controllers: [RootController],
  providers: [MailProcessor],
})
export class AppModule {}

/** Registers the processor as NestJS would, with a worker that needs no Redis. */
export async function exercise(app: INestApplication): Promise<void> {
  const registrar = app.get(BullRegistrar, { strict: false });
  if (typeof registrar.register !== 'function') return;
  Object.assign(Reflect.get(registrar, 'bullExplorer') as object, { register: () => {} });
  // A worker whose way of calling the processor has moved.
  Object.assign(app.get(MailProcessor), { _worker: new EventEmitter() });
  registrar.register();
}
