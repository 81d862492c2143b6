import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Booking } from '../contracts/booking.js';

const PATIENCE_MS = 5000;
const POLL_MS = 10;

/** Somebody who watches the feed. */
export class FeedSubscriber {
  private readonly told: Booking[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (message: Buffer) => {
      const { data } = JSON.parse(String(message)) as { data: Booking };
      this.told.push(data);
    });
  }

  static async connect(url: string): Promise<FeedSubscriber> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new FeedSubscriber(socket);
  }

  /** Whether the feed tells of that charge before long. */
  async tellsOf(chargeId: string): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS;
    const isTold = (): boolean => this.told.some((booking) => booking.chargeId === chargeId);
    while (!isTold() && performance.now() < deadline) await setTimeout(POLL_MS);
    return isTold();
  }

  leave(): void {
    this.socket.terminate();
  }
}
