import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import type { Payment } from '../../contracts/payment.js';

@Injectable()
export class ParsePaymentPipe implements PipeTransform<unknown, Payment> {
  transform(body: unknown): Payment {
    const { user, amount } = (body ?? {}) as Partial<Record<keyof Payment, unknown>>;
    if (typeof user !== 'string' || user.trim() === '') {
      throw new BadRequestException('user must be a name');
    }
    if (typeof amount !== 'number' || !(amount > 0)) {
      throw new BadRequestException('amount must be a positive number');
    }
    return { user, amount };
  }
}
