/** The patterns of the messages between the services. */
export const PATTERNS = {
  charge: 'payment.charge',
  settle: 'payment.settle',
  charged: 'payment.charged',
  booked: 'payment.booked',
} as const;
