import type { Receipt } from './payment.js';

/** A line of the ledger. */
export interface Booking extends Receipt {
  entry: number;
}
