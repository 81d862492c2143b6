import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

@Module({ controllers: [PaymentController] })
class AppModule {}

await serve(({ adapter }) => NestFactory.create(AppModule, adapter, { logger: false }));
