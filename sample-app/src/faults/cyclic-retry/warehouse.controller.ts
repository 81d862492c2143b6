import { Controller, Get, ParseIntPipe, Query } from '@nestjs/common';
import { WarehouseService } from './warehouse.service.js';

/** Plays the service of the warehouse. */
@Controller('faults/cyclic-retry/warehouse')
export class WarehouseController {
  constructor(private readonly warehouse: WarehouseService) {}

  @Get()
  find(@Query('attempt', ParseIntPipe) attempt: number): Promise<unknown> {
    return this.warehouse.find(attempt);
  }
}
