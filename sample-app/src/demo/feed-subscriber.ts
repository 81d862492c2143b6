import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Booking } from '../contracts/booking.js';

const PATIENCE_MS = 5000;
const POLL_MS = 10;

/** A subscriber of the feed. */
export class FeedSubscriber {
  private readonly received: Booking[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (message: Buffer) => {
      const { data } = JSON.parse(String(message)) as { data: Booking };
      this.received.push(data);
    });
  }

  static async connect(url: string): Promise<FeedSubscriber> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new FeedSubscriber(socket);
  }

  /** Whether the feed announces that charge within a few seconds. */
  async receives(chargeId: string): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS;
    const hasCharge = (): boolean => this.received.some((booking) => booking.chargeId === chargeId);
    while (!hasCharge() && performance.now() < deadline) await setTimeout(POLL_MS);
    return hasCharge();
  }

  disconnect(): void {
    this.socket.terminate();
  }
}
