import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { TracingModule } from 'nestjs-tracing';
import { collectorOrViewer } from '../exporters.js';
import { hasLedgerQueue, ledgerQueue } from '../messaging/ledger-queue.js';
import { eventsTo } from '../messaging/transport.js';
import { LedgerController } from './ledger.controller.js';
import { LedgerProcessor } from './ledger.processor.js';
import { FEED_CLIENT, LedgerService } from './ledger.service.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-ledger' }),
    ...collectorOrViewer(),
    ClientsModule.register([{ name: FEED_CLIENT, ...eventsTo('feed') }]),
    ...(hasLedgerQueue ? [BullModule.registerQueue(ledgerQueue)] : []),
  ],
  controllers: hasLedgerQueue ? [] : [LedgerController],
  providers: [LedgerService, ...(hasLedgerQueue ? [LedgerProcessor] : [])],
})
export class LedgerModule {}
