import type { Charge, Payment, Settlement } from '../contracts/payment.js';

/** The payments worker, whatever way leads to it. */
export abstract class PaymentsWorker {
  /** Charges the customer's card. */
  abstract charge(payment: Payment): Promise<Charge>;
  /** Pays out what was charged since the last time. */
  abstract settle(): Promise<Settlement>;
}

/** Milliseconds that somebody waits for its answer. */
export const PATIENCE_MS = 5000;
