import { GatewayTimeoutException, Injectable } from '@nestjs/common';
import { FAULTS_URL } from '../own-routes.js';

const PATIENCE_MS = 300;

export interface Rate {
  currency: string;
  rate: number;
}

@Injectable()
export class RatesClient {
  async current(currency: string): Promise<Rate> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const response = await fetch(`${FAULTS_URL}/timeout/rates/${currency}`, { signal });
      return (await response.json()) as Rate;
    } catch (cause) {
      throw new GatewayTimeoutException(`No exchange rate within ${PATIENCE_MS} ms`, { cause });
    }
  }
}
