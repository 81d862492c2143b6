import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Booking } from '../contracts/booking.js';
import { waitUntil } from '../system/wait-until.js';

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

  /** Whether the feed announces that charge, as long as it is connected. */
  async receives(chargeId: string): Promise<boolean> {
    const hasCharge = (): boolean => this.received.some((booking) => booking.chargeId === chargeId);
    await waitUntil(
      () => hasCharge() || this.socket.readyState !== WebSocket.OPEN,
      () => `the feed to announce charge ${chargeId}`,
    );
    return hasCharge();
  }

  disconnect(): void {
    this.socket.terminate();
  }
}
