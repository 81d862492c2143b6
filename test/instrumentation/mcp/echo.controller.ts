import { Controller, Get } from '@nestjs/common';
import { TraceId } from '../../../src/index.js';

/** Another service: says in which trace it was asked. */
@Controller()
export class EchoController {
  @Get('echo')
  echo(@TraceId() traceId: string): string {
    return traceId;
  }
}
