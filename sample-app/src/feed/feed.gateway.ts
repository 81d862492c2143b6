import { Logger } from '@nestjs/common';
import {
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type WsResponse,
} from '@nestjs/websockets';
import type { Server } from 'ws';
import type { Booking } from '../contracts/booking.js';

const MAX_LATEST = 10;

@WebSocketGateway({ path: '/feed' })
export class FeedGateway {
  private readonly logger = new Logger(FeedGateway.name);
  private readonly latest: Booking[] = [];

  @WebSocketServer()
  private readonly server!: Server;

  /** The latest bookings, for a new subscriber. */
  @SubscribeMessage('latest')
  showLatest(): WsResponse<Booking[]> {
    this.logger.log(`Showing the latest ${this.latest.length} payments`);
    return { event: 'latest', data: this.latest };
  }

  publish(booking: Booking): void {
    if (this.latest.push(booking) > MAX_LATEST) this.latest.shift();
    const { clients } = this.server;
    this.logger.log('Telling subscribers', { entry: booking.entry, subscribers: clients.size });
    const message = JSON.stringify({ event: 'payment', data: booking });
    for (const client of clients) client.send(message);
  }
}
