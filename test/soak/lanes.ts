import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.js';
import { introductionOf } from './introductions.js';
import type { Ledger } from './ledger.js';
import { PLAYS, requestText, STEADY_PLAYS, type Play } from './traffic.js';

const LANES = 64;
/** These never leave: their connections see thousands of requests. */
const STEADY_LANES = 8;
/** A log that is further behind is waited for. */
const MOST_OPEN = 2000;
/** How long a client that disconnects early waits at most, milliseconds. */
const LONGEST_STAY_MS = 6;

/** So many clients at once, each of which sends its next request when the last one is done. */
export class Lanes {
  private isStopping = false;
  private readonly connections: (Connection | undefined)[] = [];
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly port: number,
    private readonly ledger: Ledger,
  ) {}

  /** One of each kind over the connections that stay: what they need once, they have by then. */
  async greet(): Promise<void> {
    for (const play of STEADY_PLAYS) {
      await Promise.all(numbersTo(STEADY_LANES).map((lane) => this.play(lane, play)));
    }
  }

  start(): void {
    this.isStopping = false;
    this.work = Promise.all(numbersTo(LANES).map((lane) => this.drive(lane)));
    // The next request to a dead server reports it; `stop` throws too.
    this.work.catch(() => {});
  }

  /** Resolves when nothing is in flight. Steady connections stay open. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.work;
    this.connections.slice(STEADY_LANES).forEach((connection) => connection?.leave());
  }

  close(): void {
    for (const connection of this.connections) connection?.leave();
  }

  private async drive(lane: number): Promise<void> {
    const deck = deckOf(lane < STEADY_LANES ? STEADY_PLAYS : PLAYS);
    while (!this.isStopping) {
      if (this.ledger.open > MOST_OPEN) await sleep(1);
      else await this.play(lane, deck[Math.floor(Math.random() * deck.length)]!);
    }
  }

  private async play(lane: number, { requests, manner }: Play): Promise<void> {
    const connection = await this.connectionOf(lane);
    const sent = requests.map((kind) => {
      const seq = this.ledger.take(kind);
      const introduction = introductionOf(seq);
      this.ledger.expect(seq, kind, introduction);
      return { kind, seq, text: requestText(kind, seq, introduction) };
    });
    connection.write(sent.map(({ text }) => text).join(''));
    if (manner === 'leaves') {
      await sleep(Math.random() * LONGEST_STAY_MS);
      connection.leave();
      for (const { seq } of sent) this.ledger.left(seq);
      return;
    }
    for (const { kind, seq } of sent) {
      const isLeaving = manner === 'leaves amid the answer';
      const answer = await connection.read(kind.method === 'HEAD', isLeaving);
      if (isLeaving) connection.leave();
      this.ledger.answered(seq, answer, manner === 'stays');
    }
  }

  private async connectionOf(lane: number): Promise<Connection> {
    const current = this.connections[lane];
    if (current?.isOpen === true) return current;
    return (this.connections[lane] = await Connection.open(this.port));
  }
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

function deckOf(plays: readonly Play[]): Play[] {
  return plays.flatMap((play) => Array.from({ length: play.weight }, () => play));
}
