import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { ScheduleExplorer, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

// NestJS itself calls it; a version that has moved it does not.
if (typeof ScheduleExplorer.prototype.explore !== 'function') {
  ScheduleExplorer.prototype.onModuleInit = () => {};
}

@Controller()
class RootController {
  @Get()
  root() {
    return 'ok';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger }), ScheduleModule.forRoot()],
  controllers: [RootController],
})
export class AppModule {}

/** Where nothing else has moved: adds a job of a `cron` that keeps its functions elsewhere. */
export async function exercise(app: INestApplication): Promise<void> {
  if (process.env['MOVED_INTERNAL'] !== '{}') return;
  const job = new CronJob('0 0 1 1 *', () => {});
  Reflect.deleteProperty(job, '_callbacks');
  app.get(SchedulerRegistry).addCronJob('moved', job as never);
}
