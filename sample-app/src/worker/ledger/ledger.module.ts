import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { hasLedgerQueue, ledgerQueue } from '../../messaging/ledger-queue.js';
import { eventsTo } from '../../messaging/transport.js';
import { Ledger } from './ledger.js';
import { QueuedLedger } from './queued-ledger.js';
import { LEDGER_CLIENT, EventLedger } from './event-ledger.js';

@Module({
  imports: [
    hasLedgerQueue
      ? BullModule.registerQueue(ledgerQueue)
      : ClientsModule.register([{ name: LEDGER_CLIENT, ...eventsTo('ledger') }]),
  ],
  providers: [{ provide: Ledger, useClass: hasLedgerQueue ? QueuedLedger : EventLedger }],
  exports: [Ledger],
})
export class LedgerModule {}
