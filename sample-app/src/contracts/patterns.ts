/** What the services say to each other. */
export const PATTERNS = {
  charge: 'payment.charge',
  settle: 'payment.settle',
  charged: 'payment.charged',
  booked: 'payment.booked',
} as const;
