import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Controller, Get, Module } from '@nestjs/common';
import { TracingModule } from '../../../src/index.js';
import { movedLogger } from '../../support/moved-sink.js';

@Controller()
class AppController {
  @Get()
  root(): string {
    return 'ok';
  }
}

/** A connection that was never opened: no broker is needed to see what it lacks. */
@Module({
  imports: [TracingModule.forRoot({ logger: movedLogger })],
  controllers: [AppController],
  providers: [
    { provide: AmqpConnection, useFactory: () => new AmqpConnection({ uri: 'amqp://localhost' }) },
  ],
})
export class AppModule {}
