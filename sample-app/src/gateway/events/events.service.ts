import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type MessageEvent,
} from '@nestjs/common';
import { map, Subject, takeUntil, timer, type Observable } from 'rxjs';

const INTERVAL_MS = 1000;

@Injectable()
export class EventsService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(EventsService.name);
  private readonly closing = new Subject<void>();

  /** A payment every second, the first at once, until the client disconnects. */
  payments(): Observable<MessageEvent> {
    return timer(0, INTERVAL_MS).pipe(
      map((index) => {
        const payment = index + 1;
        this.logger.log(`Payment event ${payment}`);
        return { type: 'payment', data: { payment, status: 'complete' } };
      }),
      takeUntil(this.closing),
    );
  }

  /** The server waits for its responses to end, and a stream would not by itself. */
  beforeApplicationShutdown(): void {
    this.closing.next();
  }
}
