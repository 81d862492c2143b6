import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LevelRuleControl } from '../../../options/level-rule-options.js';
import { warnOnce } from '../../../records/warnings.js';
import { CommonLevelRules } from './common-level-rules.js';
import { proveAsMember } from './handshake.js';
import { HubMember } from './hub-member.js';
import type { HubOwnerFacts } from './hub-messages.js';
import { HubOwner } from './hub-owner.js';
import { hubPlace, type HubPlace } from './hub-place.js';
import { connectOrClaim } from './hub-socket.js';
import { PassOn } from './pass-on.js';
import { ReceivedRecords, type HubStore } from './received-records.js';

/** What a process brings to the shared trace viewer. */
export interface HubParts {
  /** Processes with the same one meet. */
  readonly group: string;
  /** The random name of this run: 12 hexadecimal digits. */
  readonly instance: string;
  readonly service: string;
  readonly store: HubStore;
  readonly rules: LevelRuleControl | undefined;
  /** Answers a request for the page that another process passes on. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Ends the streams of open pages, which are opened again: from here on, another process answers. */
  readonly endStreams: () => void;
  /** Called when it is known whose page shows the records, and again when that changes. */
  readonly onOwner: (facts: HubOwnerFacts, isOwn: boolean) => void;
  /** Called when this process has a page of its own, since it does not find the others. */
  readonly onAlone: () => void;
  /** The folder for temporary files. */
  readonly temporary: string;
}

/** How long a process looks for the others before it has a page of its own. */
const SEEK_MS = 3000;
const RETRY_MS = 5000;
/** How long a request waits until it is known who answers it. */
const MAX_WAIT_MS = 2000;

type Role =
  | { readonly name: 'seeking' | 'alone' | 'closed' }
  | { readonly name: 'owner'; readonly owner: HubOwner }
  | { readonly name: 'member'; readonly member: HubMember; readonly place: HubPlace };

/**
 * Lets the processes of one user meet on one page. The first takes a place and is the owner: its page
 * shows the records of all. The others send it theirs, and pass on the requests for their own pages.
 * When the owner ends, another takes its place, with its own records and those that the others send
 * it again. Nothing of it keeps a process alive.
 */
export class ProcessHub {
  /** What sets rules for log levels in all processes. */
  readonly rules: CommonLevelRules | undefined;
  private readonly received: ReceivedRecords;
  private readonly passOn: PassOn;
  private role: Role = { name: 'seeking' };
  private url: string | undefined;
  private retry: NodeJS.Timeout | undefined;
  private waiting: (() => void)[] = [];

  constructor(private readonly parts: HubParts) {
    this.received = new ReceivedRecords(parts.store);
    this.passOn = new PassOn(parts.instance);
    this.rules = parts.rules && new CommonLevelRules(parts.rules, parts.instance);
  }

  /** Looks for the others. It never throws: a process that does not find them has its own page. */
  start(): void {
    void this.seek();
  }

  /** Says where the page of this process is. */
  setUrl(url: string): void {
    this.url = url;
    if (this.role.name !== 'owner') return;
    this.role.owner.introduce(this.facts);
    this.parts.onOwner(this.facts, true);
  }

  /**
   * Lets the owner answer a request that may see the page.
   *
   * @returns `false` where this process answers it.
   */
  async pass(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (this.role.name === 'seeking') await this.settled();
    if (this.role.name !== 'member') return false;
    await this.passOn.answer(this.role.place, path, request, response);
    return true;
  }

  /** Ends what other processes answer here: the shutdown does not wait for it. An owner makes room. */
  endPages(): void {
    if (this.role.name === 'owner') this.close();
    this.passOn.end();
  }

  /** Sends what is left, and leaves the others. */
  close(): void {
    const { role } = this;
    clearTimeout(this.retry);
    this.enter({ name: 'closed' });
    if (role.name === 'owner') role.owner.close();
    if (role.name === 'member') role.member.close();
  }

  private get facts(): HubOwnerFacts {
    return { service: this.parts.service, url: this.url };
  }

  private async seek(): Promise<void> {
    const until = performance.now() + SEEK_MS;
    let reason: unknown;
    do {
      let place: HubPlace;
      try {
        place = hubPlace(this.parts.group, this.parts.temporary);
      } catch (error) {
        return this.stayAlone(error);
      }
      try {
        if (await this.meet(place)) return;
      } catch (error) {
        reason = error;
      }
      // Processes that start or lose their owner at the same time do not try again at the same time.
      await sleep(10 + Math.random() * 40, undefined, { ref: false });
      if (this.isClosed) return;
    } while (performance.now() < until);
    this.stayAlone(reason);
  }

  /** Becomes a member or the owner. Returns `false` where both have to be tried again. */
  private async meet(place: HubPlace): Promise<boolean> {
    const found = await connectOrClaim(place);
    if (found === undefined) return false;
    if (!(found instanceof Socket)) {
      if (this.isClosed) found.release();
      else this.own(found, place);
      return true;
    }
    const { instance } = this.parts;
    await proveAsMember(found, place.key, { purpose: 'records', instance });
    if (this.isClosed) found.destroy();
    else this.join(found, place);
    return true;
  }

  private own(claimed: ConstructorParameters<typeof HubOwner>[0], place: HubPlace): void {
    const { received, rules, facts, parts } = this;
    const { answer } = parts;
    const onLost = (): void => {
      owner.close();
      parts.endStreams();
      this.seekAgain();
    };
    const owner = new HubOwner(claimed, place, { received, rules, facts, answer, onLost });
    this.enter({ name: 'owner', owner });
    parts.onOwner(facts, true);
  }

  private join(socket: Socket, place: HubPlace): void {
    const { received, rules, parts } = this;
    const { store } = parts;
    const member = new HubMember(socket, {
      store,
      received,
      rules,
      onWelcome: () => {
        this.enter({ name: 'member', member, place });
        parts.endStreams();
      },
      onOwner: (facts) => parts.onOwner(facts, false),
      onEnd: (refusal) => {
        if (this.isClosed) return;
        if (refusal === undefined) this.seekAgain();
        else this.stayAlone(refusal);
      },
    });
  }

  private seekAgain(): void {
    if (this.role.name !== 'alone') this.enter({ name: 'seeking' });
    void this.seek();
  }

  private stayAlone(reason: unknown): void {
    warnOnce(
      'TRACING_VIEWER_NOT_SHARED',
      'the trace viewer cannot reach the other processes (`shared: true`), so it shows only this one',
      reason,
    );
    this.enter({ name: 'alone' });
    this.parts.onAlone();
    this.retry = setTimeout(() => void this.seek(), RETRY_MS).unref();
  }

  private get isClosed(): boolean {
    return this.role.name === 'closed';
  }

  private enter(role: Role): void {
    this.role = role;
    if (role.name === 'seeking') return;
    for (const resume of this.waiting.splice(0)) resume();
  }

  /** Resolves once the role is known, or after the time that a request waits for it. */
  private settled(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      setTimeout(resolve, MAX_WAIT_MS).unref();
    });
  }
}
