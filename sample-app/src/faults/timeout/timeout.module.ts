import { Module } from '@nestjs/common';
import { PricesController } from './prices.controller.js';
import { RatesClient } from './rates.client.js';
import { RatesController } from './rates.controller.js';

/** A timeout: the service of the exchange rates answers later than its caller waits. */
@Module({ controllers: [PricesController, RatesController], providers: [RatesClient] })
export class TimeoutModule {}
