import { Controller, Get, Module } from '@nestjs/common';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class RootController {
  @Get()
  root() {
    return 'ok';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [RootController],
})
export class AppModule {}
