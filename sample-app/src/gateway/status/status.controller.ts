import { Controller, Get, Logger } from '@nestjs/common';

export interface Status {
  status: 'up';
  uptimeSeconds: number;
}

@Controller('status')
export class StatusController {
  private readonly logger = new Logger(StatusController.name);

  @Get()
  check(): Status {
    this.logger.log('Status check');
    return { status: 'up', uptimeSeconds: Math.round(process.uptime()) };
  }
}
