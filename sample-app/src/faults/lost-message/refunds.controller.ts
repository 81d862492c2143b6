import { Controller, Get } from '@nestjs/common';
import { RefundsService } from './refunds.service.js';

@Controller('faults/lost-message')
export class RefundsController {
  constructor(private readonly refunds: RefundsService) {}

  @Get()
  async refund(): Promise<{ status: 'accepted' }> {
    await this.refunds.refund(42);
    return { status: 'accepted' };
  }
}
