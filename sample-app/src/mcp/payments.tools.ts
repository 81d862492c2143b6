import { Logger } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { McpController, Tool } from '@rekog/mcp-nest';
import { z } from 'zod';
import type { Payment } from '../contracts/payment.js';
import { PaymentsApi } from './payments.api.js';

/** What a tool answers: text for the assistant to read. */
interface ToolAnswer {
  content: { type: 'text'; text: string }[];
}

@McpController()
export class PaymentsTools {
  private readonly logger = new Logger(PaymentsTools.name);

  constructor(private readonly payments: PaymentsApi) {}

  @Tool({
    name: 'pay',
    description: "Pays an amount with a user's card and returns the receipt",
    parameters: z.object({ user: z.string().min(1), amount: z.number().positive() }),
  })
  async pay(@Payload() payment: Payment): Promise<ToolAnswer> {
    this.logger.log(`An assistant pays ${payment.amount} for ${payment.user}`);
    return answer(await this.payments.pay(payment));
  }

  @Tool({ name: 'payments_status', description: 'Says whether payments can be made now' })
  async status(): Promise<ToolAnswer> {
    return answer(await this.payments.status());
  }
}

function answer(result: unknown): ToolAnswer {
  return { content: [{ type: 'text', text: JSON.stringify(result) }] };
}
