import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Account } from './account.entity.js';
import { Payment } from './payment.entity.js';

const USERS = ['Alice', 'Bob'];
const ACCOUNTS = 30;

export interface Profile {
  user: string;
  currency: string;
  total: number;
}

@Injectable()
export class ProfileService implements OnModuleInit {
  private readonly logger = new Logger(ProfileService.name);

  constructor(
    @InjectRepository(Account) private readonly accounts: Repository<Account>,
    @InjectRepository(Payment) private readonly payments: Repository<Payment>,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const user of USERS) {
      const numbers = Array.from({ length: ACCOUNTS }, (_, n) => n);
      const accounts = await this.accounts.save(numbers.map(() => ({ user, currency: 'EUR' })));
      await this.payments.save(accounts.map(({ id }, n) => ({ accountId: id, amount: n })));
    }
  }

  /**
   * Asks for the payments of each account in turn, which one query would answer: `db_count` on the
   * access log line tells, and so does a warning.
   */
  async load(user: string): Promise<Profile> {
    this.logger.log('Loading profile');
    const accounts = await this.accounts.findBy({ user });
    let total = 0;
    for (const { id } of accounts) {
      const payments = await this.payments.findBy({ accountId: id });
      for (const { amount } of payments) total += amount;
    }
    this.logger.log('Profile retrieved');
    return { user, currency: accounts[0]?.currency ?? 'EUR', total };
  }
}
