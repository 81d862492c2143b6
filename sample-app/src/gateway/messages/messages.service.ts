import { Injectable, Logger } from '@nestjs/common';
import { TraceContext } from 'nestjs-tracing';
import { MessagesRepository, type Message } from './messages.repository.js';

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(
    private readonly messages: MessagesRepository,
    private readonly trace: TraceContext,
  ) {}

  /** Two steps with a name each: when one fails, the finish line tells which, and after how long. */
  async unread(): Promise<Message[]> {
    this.logger.log('Fetching messages');
    const mailbox = await this.trace.span('open mailbox', () => this.messages.openMailbox());
    return this.trace.span('fetch unread', () => this.messages.fetchUnread(mailbox));
  }
}
