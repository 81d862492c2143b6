import { Controller, Get, Module } from '@nestjs/common';
import 'mongodb';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class AppController {
  @Get()
  get(): string {
    return 'ok';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [AppController],
})
export class AppModule {}
