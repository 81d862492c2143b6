import { Controller, DefaultValuePipe, Get, ParseIntPipe, Query } from '@nestjs/common';
import { StockService } from './stock.service.js';

@Controller('faults/cyclic-retry')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Get()
  reserve(
    @Query('attempt', new DefaultValuePipe(1), ParseIntPipe) attempt: number,
  ): Promise<unknown> {
    return this.stock.reserve(attempt);
  }
}
