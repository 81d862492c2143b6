const { REDIS_URL } = process.env;

/** With Redis, charges reach the ledger through a queue; without, as events. */
export const hasLedgerQueue = REDIS_URL !== undefined;

export const LEDGER_QUEUE = 'payments-ledger';

export const ledgerQueue = { name: LEDGER_QUEUE, connection: { url: REDIS_URL } };
