import { Controller, Get, Logger } from '@nestjs/common';
import { RatesClient, type Rate } from './rates.client.js';

@Controller('faults/timeout')
export class PricesController {
  private readonly logger = new Logger(PricesController.name);

  constructor(private readonly rates: RatesClient) {}

  @Get()
  async show(): Promise<Rate> {
    this.logger.log('Converting the prices');
    return this.rates.current('USD');
  }
}
