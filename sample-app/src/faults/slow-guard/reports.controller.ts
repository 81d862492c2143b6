import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import { TenantGuard } from './tenant.guard.js';

@Controller('faults/slow-guard')
@UseGuards(TenantGuard)
export class ReportsController {
  private readonly logger = new Logger(ReportsController.name);

  @Get()
  show(): { rows: number } {
    this.logger.log('Report made');
    return { rows: 3 };
  }
}
