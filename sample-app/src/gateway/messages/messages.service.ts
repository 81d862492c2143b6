import { Injectable, Logger } from '@nestjs/common';
import type { Message } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(private readonly messages: MessagesRepository) {}

  /** When one of its steps fails, the access log line names the query, its duration and its error. */
  async unread(): Promise<Message[]> {
    this.logger.log('Fetching messages');
    await this.messages.openMailbox('inbox');
    return this.messages.fetchUnread();
  }
}
