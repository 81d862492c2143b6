import type { Charge } from '../../contracts/payment.js';

/** The ledger, whatever way leads to it. It books when it gets to it. */
export abstract class Ledger {
  abstract book(charge: Charge): Promise<void>;
}
