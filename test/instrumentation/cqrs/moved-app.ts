import { Controller, Get, Module } from '@nestjs/common';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

// NestJS itself calls it; a version that has moved it does not.
if (typeof EventBus.prototype.register !== 'function') {
  CqrsModule.prototype.onApplicationBootstrap = () => {};
}

@Controller()
class RootController {
  @Get()
  root() {
    return 'ok';
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger }), CqrsModule.forRoot()],
  controllers: [RootController],
})
export class AppModule {}
