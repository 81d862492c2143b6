import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve } from '../server-host.js';
import { controllerFor } from '../workload.js';

await serve(({ adapter, option }) => {
  @Module({ controllers: [controllerFor(option)] })
  class AppModule {}

  return NestFactory.create(AppModule, adapter, { logger: false });
});
