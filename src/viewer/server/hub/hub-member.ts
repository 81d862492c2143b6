import type { Socket } from 'node:net';
import type { CommonLevelRules } from './common-level-rules.js';
import { readOwnerMessage, type HubOwnerFacts } from './hub-messages.js';
import { readLines } from './line-reader.js';
import { RecordSender } from './record-sender.js';
import type { HubStore, ReceivedRecords } from './received-records.js';

/** What a member works with. */
export interface MemberParts {
  readonly store: HubStore;
  readonly received: ReceivedRecords;
  readonly rules: CommonLevelRules | undefined;
  /** Called when the owner has accepted this process. */
  readonly onWelcome: () => void;
  readonly onOwner: (facts: HubOwnerFacts) => void;
  /** Called once when the connection ends: with a reason where the owner refuses this process. */
  readonly onEnd: (reason?: Error) => void;
}

/** A process whose records are shown on the page of another. */
export class HubMember {
  private sender: RecordSender | undefined;
  private refusal: Error | undefined;
  private isClosed = false;

  /** @param socket on which both sides have proved that they have the key. */
  constructor(
    private readonly socket: Socket,
    private readonly parts: MemberParts,
  ) {
    socket.unref().once('close', () => {
      this.sender?.stop();
      if (!this.isClosed) parts.onEnd(this.refusal);
    });
    readLines(socket, (line) => this.take(line));
  }

  /** Sends what is left, and ends the connection. */
  close(): void {
    this.sender?.send();
    this.sender?.stop();
    this.isClosed = true;
    this.socket.end();
  }

  private take(line: string): void {
    const { rules, store, received, onOwner, onWelcome } = this.parts;
    const message = readOwnerMessage(line) ?? {};
    const { welcome, full, owner, rule, ended } = message;
    if (full === true) this.refusal = new Error('it has as many processes as it can have');
    if (welcome !== undefined && this.sender === undefined) {
      rules?.keepOnly(welcome.rules);
      this.sender = new RecordSender(this.socket, store, received, welcome.seq);
      onWelcome();
    }
    if (owner !== undefined) onOwner(owner);
    if (rule !== undefined) rules?.follow(rule);
    if (ended !== undefined) rules?.end(ended);
  }
}
