import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from './brokers.js';

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ANSWER_MS = 2000;
const POLL_MS = 100;

/** The address in a URL, which may leave out the port. */
export function addressIn(url: string, { defaultPort }: Broker): Address {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) };
}

/** Whether a broker of this kind answers there, in its own protocol. */
export function answers(broker: Broker, { host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(ANSWER_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (answer) => end(broker.isAnswer(answer)));
    socket.once('connect', () => {
      if (broker.greeting.length > 0) socket.write(broker.greeting);
    });
  });
}

/** Waits until it answers. `false` where it has not by then, or `isAlive` no longer holds. */
export async function untilAnswers(
  broker: Broker,
  address: Address,
  waitMs: number,
  isAlive: () => boolean,
): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline && isAlive()) {
    if (await answers(broker, address)) return true;
    await sleep(POLL_MS);
  }
  return false;
}
