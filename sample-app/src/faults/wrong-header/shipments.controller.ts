import { Controller, Get, Logger } from '@nestjs/common';
import type { Label } from './labels.controller.js';
import { ShippingClient } from './shipping.client.js';

@Controller('faults/wrong-header')
export class ShipmentsController {
  private readonly logger = new Logger(ShipmentsController.name);

  constructor(private readonly shipping: ShippingClient) {}

  @Get()
  async ship(): Promise<Label> {
    this.logger.log('Shipping order 17');
    return this.shipping.label(17);
  }
}
