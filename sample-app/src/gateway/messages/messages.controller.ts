import { Controller, Get } from '@nestjs/common';
import type { Message } from './message.entity.js';
import { MessagesService } from './messages.service.js';

@Controller('messages')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  list(): Promise<Message[]> {
    return this.messages.unread();
  }
}
