const { REDIS_URL } = process.env;

/** Where there is a Redis, the ledger has a queue; else it is told by an event. */
export const hasLedgerQueue = REDIS_URL !== undefined;

export const LEDGER_QUEUE = 'payments-ledger';

export const ledgerQueue = { name: LEDGER_QUEUE, connection: { url: REDIS_URL } };
