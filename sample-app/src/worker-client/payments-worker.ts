import type { Charge, Payment, Settlement } from '../contracts/payment.js';

/** The payments worker, independent of the transport. */
export abstract class PaymentsWorker {
  /** Charges the customer's card. */
  abstract charge(payment: Payment): Promise<Charge>;
  /** Pays out what was charged since the last time. */
  abstract settle(): Promise<Settlement>;
}

/** How long callers wait for its answer, in milliseconds. */
export const PATIENCE_MS = 60_000;
