import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

const OPEN_MS = 15;
const TIMEOUT_MS = 120;

export interface Message {
  from: string;
  text: string;
}

/** Simulates a database that finds the mailbox and then stops answering. */
@Injectable()
export class MessagesRepository {
  async openMailbox(): Promise<string> {
    await setTimeout(OPEN_MS);
    return 'inbox';
  }

  async fetchUnread(_mailbox: string): Promise<Message[]> {
    await setTimeout(TIMEOUT_MS);
    throw new Error('Database timeout while fetching user messages');
  }
}
