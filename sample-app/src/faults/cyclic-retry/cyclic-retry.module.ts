import { Module } from '@nestjs/common';
import { StockController } from './stock.controller.js';
import { StockService } from './stock.service.js';
import { WarehouseController } from './warehouse.controller.js';
import { WarehouseService } from './warehouse.service.js';

/** A cyclic retry: the stock asks the warehouse, which asks the stock again. */
@Module({
  controllers: [StockController, WarehouseController],
  providers: [StockService, WarehouseService],
})
export class CyclicRetryModule {}
