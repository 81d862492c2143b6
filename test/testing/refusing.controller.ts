import { Controller, Get, HttpException, Logger, Param } from '@nestjs/common';

/** Pays any amount except 500. */
@Controller('payments')
export class RefusingController {
  private readonly logger = new Logger('Payments');

  @Get(':amount')
  pay(@Param('amount') amount: string): object {
    const tags = ['card', { bank: 'b-1', branch: 2 }];
    this.logger.log('Paying', { amount: Number(amount), tags });
    this.logger.warn('Gateway slow', { latency_ms: 301 });
    if (amount === '500') {
      this.logger.error('Charge failed', new TypeError('no funds'));
      throw new HttpException('no funds', 500);
    }
    this.logger.log('Paid');
    return {};
  }
}
