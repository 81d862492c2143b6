import { Injectable, Logger } from '@nestjs/common';
import { MessagesRepository, type Message } from './messages.repository.js';

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(private readonly messages: MessagesRepository) {}

  /** When one of its steps fails, the access log line names the step and its duration. */
  async unread(): Promise<Message[]> {
    this.logger.log('Fetching messages');
    const mailbox = await this.messages.openMailbox();
    return this.messages.fetchUnread(mailbox);
  }
}
