import { Controller, Get, Param, ParseIntPipe, UseGuards } from '@nestjs/common';
import { ApiVersionGuard } from './api-version.guard.js';

export interface Label {
  order: number;
  label: string;
}

/** Plays the shipping service. */
@Controller('faults/wrong-header/labels')
@UseGuards(ApiVersionGuard)
export class LabelsController {
  @Get(':order')
  label(@Param('order', ParseIntPipe) order: number): Label {
    return { order, label: `label-${order}` };
  }
}
