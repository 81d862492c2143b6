import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';

@Controller()
class StockController {
  private readonly logger = new Logger('stock');

  @Get('stock')
  stock() {
    this.logger.log('counted');
    return 7;
  }
}

@Module({
  imports: [TracingModule.forRoot({ service: 'stock', format: 'json' })],
  controllers: [StockController],
})
class StockModule {}

const app = await NestFactory.create(StockModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.send?.({ url: await app.getUrl() });
