export const REFUNDED = 'payment.refunded';

/** The event of a refund, as the feed understands it. */
export interface Refund {
  user: string;
  amount: number;
}
