import { Injectable, Logger } from '@nestjs/common';
import { answerOf } from './answer-of.js';

@Injectable()
export class WarehouseService {
  private readonly logger = new Logger(WarehouseService.name);

  /** Has no shelf for it, and asks the stock once more instead of saying so. */
  find(attempt: number): Promise<unknown> {
    this.logger.warn('No shelf found, asking the stock again');
    return answerOf(`cyclic-retry?attempt=${attempt + 1}`);
  }
}
