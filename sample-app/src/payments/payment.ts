export interface Payment {
  user: string;
  amount: number;
}

export interface Receipt extends Payment {
  chargeId: string;
}
