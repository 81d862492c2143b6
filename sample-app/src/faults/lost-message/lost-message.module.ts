import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { eventsTo } from '../../messaging/transport.js';
import { RefundsController } from './refunds.controller.js';
import { REFUNDS_CLIENT, RefundsService } from './refunds.service.js';

/** A lost message: the request succeeds, and the feed fails on the event that it sent. */
@Module({
  imports: [ClientsModule.register([{ name: REFUNDS_CLIENT, ...eventsTo('feed') }])],
  controllers: [RefundsController],
  providers: [RefundsService],
})
export class LostMessageModule {}
