import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Account } from '../../gateway/profile/account.entity.js';
import { Payment } from '../../gateway/profile/payment.entity.js';

export interface Statement {
  account: number;
  payments: number;
}

@Injectable()
export class StatementsService {
  private readonly logger = new Logger(StatementsService.name);

  constructor(
    @InjectRepository(Account) private readonly accounts: Repository<Account>,
    @InjectRepository(Payment) private readonly payments: Repository<Payment>,
  ) {}

  /** One query that groups the payments by their account would do. */
  async all(): Promise<Statement[]> {
    const statements: Statement[] = [];
    for (const { id } of await this.accounts.find()) {
      statements.push({ account: id, payments: await this.payments.countBy({ accountId: id }) });
    }
    this.logger.log(`Made ${statements.length} statements`);
    return statements;
  }
}
