import { Module } from '@nestjs/common';
import { isGrpc } from '../../messaging/transport.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { CardGateway } from './card-gateway.js';
import { ChargesController } from './charges.controller.js';
import { ChargesGrpcController } from './charges.grpc-controller.js';
import { ChargesService } from './charges.service.js';

@Module({
  imports: [LedgerModule],
  controllers: [isGrpc ? ChargesGrpcController : ChargesController],
  providers: [ChargesService, CardGateway],
})
export class ChargesModule {}
