import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { CommonLevelRules } from './common-level-rules.js';
import { proveAsOwner } from './handshake.js';
import { readMemberMessage, type HubOwnerFacts, type OwnerMessage } from './hub-messages.js';
import type { HubPlace } from './hub-place.js';
import type { ClaimedSocket } from './hub-socket.js';
import { readLines } from './line-reader.js';
import type { ReceivedRecords } from './received-records.js';

/** What an owner works with. */
export interface OwnerParts {
  readonly received: ReceivedRecords;
  readonly rules: CommonLevelRules | undefined;
  readonly facts: HubOwnerFacts;
  /** Answers a request for the page that another process passes on. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called when other processes no longer find this one at the place. */
  readonly onLost: () => void;
}

const MAX_MEMBERS = 64;
/** Requests that are passed on at once, by all processes together. */
const MAX_REQUESTS = 256;
/** Connections that have not proved yet that they have the key. A new one takes the place of the oldest. */
const MAX_UNPROVEN = 64;
const WATCH_MS = 500;

/** The process whose page shows the records of all: it receives them, and answers for all. */
export class HubOwner {
  private readonly unproven = new Set<Socket>();
  private readonly members = new Set<Socket>();
  private readonly requests = new Set<Socket>();
  private readonly http: HttpServer;
  private readonly timer: NodeJS.Timeout;
  private facts: HubOwnerFacts;

  constructor(
    private readonly claimed: ClaimedSocket,
    private readonly place: HubPlace,
    private readonly parts: OwnerParts,
  ) {
    this.facts = parts.facts;
    this.http = createHttpServer(parts.answer);
    claimed.server.on('connection', (socket: Socket) => this.accept(socket));
    this.timer = setInterval(() => this.watch(), WATCH_MS).unref();
    const { rules } = parts;
    if (rules === undefined) return;
    rules.onSet = (rule) => this.tell({ rule });
    rules.onEnd = (ended) => this.tell({ ended });
  }

  /** Changes what the others know of this process. */
  introduce(facts: HubOwnerFacts): void {
    this.facts = facts;
    this.tell({ owner: facts });
  }

  /** Leaves the place to another process. */
  close(): void {
    clearInterval(this.timer);
    const { rules } = this.parts;
    if (rules !== undefined) rules.onSet = rules.onEnd = () => {};
    this.claimed.release();
    for (const socket of [...this.unproven, ...this.members, ...this.requests]) socket.destroy();
  }

  private watch(): void {
    if (!this.claimed.isIntact()) this.parts.onLost();
  }

  private accept(socket: Socket): void {
    const { unproven } = this;
    // The end of the connection is what counts, whatever ended it.
    socket.unref().on('error', () => {});
    const [oldest] = unproven;
    if (unproven.size >= MAX_UNPROVEN) oldest?.destroy();
    unproven.add(socket);
    void this.admit(socket);
  }

  private async admit(socket: Socket): Promise<void> {
    try {
      const { purpose, instance } = await proveAsOwner(socket, this.place.key);
      if (purpose === 'records') this.addMember(socket, instance);
      else this.addRequest(socket);
    } catch {
      // Nothing of a process without the key is accepted, and it has been disconnected.
    } finally {
      this.unproven.delete(socket);
    }
  }

  private addRequest(socket: Socket): void {
    if (!keep(socket, this.requests, MAX_REQUESTS)) return void socket.destroy();
    this.http.emit('connection', socket);
    socket.resume();
  }

  private addMember(socket: Socket, instance: string): void {
    if (!keep(socket, this.members, MAX_MEMBERS)) {
      socket.end(lineOf({ full: true }));
      return;
    }
    const { received, rules } = this.parts;
    const valid = rules?.valid() ?? [];
    const ids = valid.map(({ id }) => id);
    socket.write(lineOf({ welcome: { seq: received.lastOf(instance), rules: ids } }));
    for (const rule of valid) socket.write(lineOf({ rule }));
    socket.write(lineOf({ owner: this.facts }));
    readLines(socket, (line) => {
      const message = readMemberMessage(line);
      if (message === undefined) return;
      if ('dropped' in message) received.countDropped(instance, message.dropped);
      else received.add(instance, message);
    });
  }

  private tell(message: OwnerMessage): void {
    const line = lineOf(message);
    for (const socket of this.members) socket.write(line);
  }
}

function lineOf(message: OwnerMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** Keeps a socket until it closes. Returns `false` where there are too many. */
function keep(socket: Socket, sockets: Set<Socket>, most: number): boolean {
  if (socket.destroyed || sockets.size >= most) return false;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  return true;
}
