import type { Charge } from '../../contracts/payment.js';

/** The ledger, over a queue or by events. It books asynchronously. */
export abstract class Ledger {
  abstract book(charge: Charge): Promise<void>;
}
