import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { answerOf } from './answer-of.js';

const MAX_ATTEMPTS = 4;

@Injectable()
export class StockService {
  private readonly logger = new Logger(StockService.name);

  async reserve(attempt: number): Promise<unknown> {
    // Without this bound it would never end.
    if (attempt > MAX_ATTEMPTS) {
      throw new ServiceUnavailableException(`Not reserved after ${MAX_ATTEMPTS} attempts`);
    }
    this.logger.log(`Reserving stock, attempt ${attempt}`);
    return answerOf(`cyclic-retry/warehouse?attempt=${attempt}`);
  }
}
