import { setTimeout } from 'node:timers/promises';
import { Controller, Get, Param } from '@nestjs/common';
import type { Rate } from './rates.client.js';

/** Longer than the caller waits. */
const ANSWER_MS = 1500;

/** Plays the service of the exchange rates. */
@Controller('faults/timeout/rates')
export class RatesController {
  @Get(':currency')
  async rate(@Param('currency') currency: string): Promise<Rate> {
    await setTimeout(ANSWER_MS);
    return { currency, rate: 1.08 };
  }
}
