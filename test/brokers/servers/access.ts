import { describe } from '@jest/globals';
import { BROKERS, type BrokerName } from './brokers.js';

/** What a test may do with the broker that `run.ts` has found or started for it. */
export interface BrokerAccess {
  readonly url: string;
  /** `describe`, or its `skip` where there is no broker. */
  readonly describe: typeof describe.skip;
  /** The same where it is not ours to stop. */
  readonly describeRestart: typeof describe.skip;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export function accessTo(name: BrokerName): BrokerAccess {
  const { variable } = BROKERS.find((broker) => broker.name === name)!;
  const { [variable]: url, BROKER_CONTROL, RESTARTABLE_BROKERS = '' } = process.env;
  const order = async (action: 'stop' | 'start'): Promise<void> => {
    const { ok } = await fetch(`${BROKER_CONTROL}/${name}/${action}`, { method: 'POST' });
    if (!ok) throw new Error(`cannot ${action} ${name}`);
  };
  return {
    url: url ?? '',
    describe: url === undefined ? describe.skip : describe,
    describeRestart: RESTARTABLE_BROKERS.split(',').includes(name) ? describe : describe.skip,
    stop: () => order('stop'),
    start: () => order('start'),
  };
}
