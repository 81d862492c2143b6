export interface Payment {
  user: string;
  amount: number;
}

/** A payment that the card gateway took. */
export interface Charge extends Payment {
  chargeId: string;
  /** How long the card gateway took for its answer. */
  gatewayMs: number;
}

/** What a customer gets for a payment. */
export interface Receipt extends Payment {
  chargeId: string;
}

/** The charges of a day, paid out to the merchant. */
export interface Settlement {
  charges: number;
  total: number;
}
