import { Controller, Sse, UseGuards, type MessageEvent } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { BearerGuard } from './bearer.guard.js';
import { EventsService } from './events.service.js';

@Controller('events')
@UseGuards(BearerGuard)
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Sse()
  stream(): Observable<MessageEvent> {
    return this.events.payments();
  }
}
