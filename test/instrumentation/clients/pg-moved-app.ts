import { Controller, Get, Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import 'pg';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class RootController {
  @Get()
  root() {
    return 'up';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [RootController],
})
export class AppModule {}
