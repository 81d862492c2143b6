import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';

@Injectable()
class ReportService {
  private readonly logger = new Logger('report');

  async build(url: string): Promise<void> {
    this.logger.log('begin');
    const answers = await Promise.all([fetch(`${url}/stock`), fetch(`${url}/stock`)]);
    for (const answer of answers)
      this.logger.log({ message: 'answer', stock: await answer.json() });
    this.logger.log('end');
  }
}

@Module({
  imports: [TracingModule.forRoot({ service: 'report', format: 'json' })],
  providers: [ReportService],
})
class ReportModule {}

const { STOCK_URL = '', ENDING } = process.env;

const app = await NestFactory.createApplicationContext(ReportModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
process.send?.({});
await app.get(TraceContext).run({ name: 'report' }, () => app.get(ReportService).build(STOCK_URL));
if (ENDING === 'close') await app.close();
if (ENDING === 'exit') process.exit(3);
if (ENDING === 'throw') throw new Error('after the run');
process.disconnect?.();
