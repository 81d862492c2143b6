import type { IEvent, IEventPublisher } from '@nestjs/cqrs';
import type { Subject } from 'rxjs';

/** Gathers events for a while, as one that writes them to a store, and delivers them in any context. */
export class HoldingPublisher implements IEventPublisher {
  private held: IEvent[] = [];
  private timer: NodeJS.Timeout | undefined;
  private subject: Subject<IEvent> | undefined;

  deliverTo(subject: Subject<IEvent>): void {
    this.subject = subject;
  }

  publish(event: IEvent): void {
    this.held.push(event);
    this.timer ??= setTimeout(() => this.flush(), 4);
  }

  private flush(): void {
    this.timer = undefined;
    for (const event of this.held.splice(0)) this.subject?.next(event);
  }
}
