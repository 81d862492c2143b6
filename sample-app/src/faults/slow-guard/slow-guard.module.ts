import { Module } from '@nestjs/common';
import { ReportsController } from './reports.controller.js';

/** A slow guard: the handler is fast, and the request takes more than a second. */
@Module({ controllers: [ReportsController] })
export class SlowGuardModule {}
