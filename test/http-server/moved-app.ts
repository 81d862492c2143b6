import { Controller, Get, Module } from '@nestjs/common';
import { TracingModule } from '../../src/index.js';
import { movedLogger } from '../support/moved-sink.js';

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'hello';
  }
}

/** The least that is traced over HTTP. */
@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [HelloController],
})
export class AppModule {}
