import { Controller, Get } from '@nestjs/common';
import { StatementsService, type Statement } from './statements.service.js';

@Controller('faults/n-plus-one')
export class StatementsController {
  constructor(private readonly statements: StatementsService) {}

  @Get()
  list(): Promise<Statement[]> {
    return this.statements.all();
  }
}
