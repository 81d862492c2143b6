import { BadGatewayException, Injectable } from '@nestjs/common';
import { FAULTS_URL } from '../own-routes.js';
import type { Label } from './labels.controller.js';

@Injectable()
export class ShippingClient {
  async label(order: number): Promise<Label> {
    const response = await fetch(`${FAULTS_URL}/wrong-header/labels/${order}`, {
      headers: { 'X-Api-Version': '1' },
    });
    const answer = (await response.json()) as Label & { message?: string };
    if (response.ok) return answer;
    throw new BadGatewayException(
      `The shipping service answered ${response.status}: ${answer.message}`,
    );
  }
}
