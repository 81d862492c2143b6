import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Archive } from './archive.js';
import { Mailbox } from './mailbox.entity.js';
import { Message } from './message.entity.js';

@Injectable()
export class MessagesRepository {
  private readonly logger = new Logger(MessagesRepository.name);

  constructor(
    @InjectRepository(Mailbox) private readonly mailboxes: Repository<Mailbox>,
    @InjectRepository(Message) private readonly messages: Repository<Message>,
    private readonly archive: Archive,
  ) {}

  async openMailbox(name: string): Promise<Mailbox> {
    const mailbox = await this.mailboxes.findOneBy({ name });
    // Below the level of the log, so only the flight recorder has it.
    this.logger.debug('Opened mailbox', { mailbox: name, isNew: mailbox === null });
    return mailbox ?? this.mailboxes.save({ name });
  }

  /** Fails when it marks them as read: a nightly archive, which takes far too long, has locked them. */
  async fetchUnread(): Promise<Message[]> {
    const unlock = await this.archive.lockMessages();
    this.logger.debug('Waiting for the archive', { lock: 'message' });
    try {
      const unread = await this.messages.findBy({ isRead: false });
      await this.messages.update({ isRead: false }, { isRead: true });
      return unread;
    } catch (cause) {
      throw new Error('Database timeout while fetching user messages', { cause });
    } finally {
      await unlock();
    }
  }
}
