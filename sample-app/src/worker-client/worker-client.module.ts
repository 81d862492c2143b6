import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { isGrpc, messagesTo } from '../messaging/transport.js';
import { GrpcClient } from './grpc.client.js';
import { MessageClient } from './message.client.js';
import { PaymentsWorker } from './payments-worker.js';
import { WORKER_CLIENT } from './worker-client.token.js';

@Module({
  imports: [ClientsModule.register([{ name: WORKER_CLIENT, ...messagesTo('worker') }])],
  providers: [{ provide: PaymentsWorker, useClass: isGrpc ? GrpcClient : MessageClient }],
  exports: [PaymentsWorker],
})
export class WorkerClientModule {}
