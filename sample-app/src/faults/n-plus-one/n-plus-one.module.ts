import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Account } from '../../gateway/profile/account.entity.js';
import { Payment } from '../../gateway/profile/payment.entity.js';
import { StatementsController } from './statements.controller.js';
import { StatementsService } from './statements.service.js';

/** An N+1: one query for the accounts, and one more for each of them. */
@Module({
  imports: [TypeOrmModule.forFeature([Account, Payment])],
  controllers: [StatementsController],
  providers: [StatementsService],
})
export class NPlusOneModule {}
