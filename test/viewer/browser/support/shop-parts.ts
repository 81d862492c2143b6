import {
  BadGatewayException,
  Controller,
  Get,
  HttpException,
  Injectable,
  Logger,
  Param,
  Post,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from 'nestjs-tracing';

@Injectable()
class PaymentService {
  private readonly logger = new Logger('PaymentService');
  constructor(private readonly trace: TraceContext) {}

  /** A span, a gap in which none runs, and another span. */
  async pay(): Promise<void> {
    this.logger.log('Processing payment');
    await this.trace.span('validate', async () => {
      await sleep(50);
      this.logger.log('Validating payment');
    });
    await sleep(80);
    this.logger.warn('Gateway slow', { latency_ms: 80 });
    await this.trace.span('charge', () => sleep(40), { amount: 20 });
    this.logger.log('Payment complete');
  }

  refund(): Promise<void> {
    return this.trace.span('ask the bank', () => Promise.reject(new Error('no route to the bank')));
  }
}

@Controller()
class ShopController {
  private readonly logger = new Logger('ShopController');
  private readonly waiting: (() => void)[] = [];
  constructor(private readonly payments: PaymentService) {}

  @Get('pay/:user')
  async pay(@Param('user') user: string): Promise<string> {
    await this.payments.pay();
    return user;
  }

  @Post('orders')
  order(): string {
    this.logger.debug('Order taken');
    return 'ordered';
  }

  @Get('profile/:user')
  async profile(@Param('user') user: string): Promise<string> {
    this.logger.log('Loading profile');
    await sleep(60);
    this.logger.log('Profile retrieved');
    return user;
  }

  @Get('quick/:user')
  quick(@Param('user') user: string): string {
    this.logger.log(`Quick for ${user}`);
    return user;
  }

  @Get('chatty')
  chatty(): void {
    for (let line = 1; line < 10; line++) this.logger.log(`Line ${line} of ten`, { line });
  }

  @Get('fail')
  fail(): void {
    this.logger.error('It broke', new Error('no funds', { cause: new Error('card expired') }));
    throw new HttpException('down', 503);
  }

  @Get('refund/:user')
  async refund(): Promise<void> {
    this.logger.log('Refund 20');
    try {
      await this.payments.refund();
    } catch (cause) {
      throw new BadGatewayException('the bank does not answer', { cause });
    }
  }

  @Get('wait')
  wait(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  @Get('go-on')
  goOn(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** What an application that takes payments consists of. */
export const SHOP = { controllers: [ShopController], providers: [PaymentService] };
