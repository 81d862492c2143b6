import { Injectable } from '@nestjs/common';
import { HOST, portOf } from '../addresses.js';
import type { Payment } from '../contracts/payment.js';

/** Longer than the gateway waits for the payments worker. */
const PATIENCE_MS = 90_000;

/** The payments gateway, as an HTTP client sees it. */
@Injectable()
export class PaymentsApi {
  private readonly url = `http://${HOST}:${portOf('GATEWAY_PORT')}/api`;

  pay(payment: Payment): Promise<unknown> {
    return this.call('payment', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(payment),
    });
  }

  status(): Promise<unknown> {
    return this.call('status');
  }

  private async call(path: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${this.url}/${path}`, {
      ...init,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`The payments gateway answered ${response.status}`);
    return response.json();
  }
}
