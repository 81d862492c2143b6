import { Module } from '@nestjs/common';
import { LabelsController } from './labels.controller.js';
import { ShippingClient } from './shipping.client.js';
import { ShipmentsController } from './shipments.controller.js';

/** A wrong header: the shipping service refuses the version of its API that the caller asks for. */
@Module({ controllers: [ShipmentsController, LabelsController], providers: [ShippingClient] })
export class WrongHeaderModule {}
