import { Store, type SessionData } from 'express-session';

type Answer = (error?: unknown, value?: SessionData | null) => void;

/**
 * A session store as those over one connection to a server are: it sends commands, and the answers
 * come back in order, from an event of the connection. So a callback runs in the async context of
 * the connection, or of whichever request caused the event; never in that of its caller.
 */
export class SharedConnectionStore extends Store {
  private readonly sessions = new Map<string, string>();
  private readonly waiting: (() => void)[] = [];
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * @param drainedBy `timer`: the connection's own events, which are older than every request;
   *   `request`: each command brings the answers of those before it, in the context of its caller.
   */
  constructor(private readonly drainedBy: 'timer' | 'request') {
    super();
    // What no further command brings, comes with the timer.
    this.timer = setInterval(() => this.drain(), 2);
  }

  override get = (id: string, answer: Answer): void => {
    this.send(() => {
      const found = this.sessions.get(id);
      answer(null, found === undefined ? null : (JSON.parse(found) as SessionData));
    });
  };

  override set = (id: string, session: SessionData, answer?: Answer): void => {
    const text = JSON.stringify(session);
    this.send(() => {
      this.sessions.set(id, text);
      answer?.(null);
    });
  };

  override touch = (_id: string, _session: SessionData, answer?: () => void): void => {
    this.send(() => answer?.());
  };

  override destroy = (id: string, answer?: Answer): void => {
    this.send(() => {
      this.sessions.delete(id);
      answer?.(null);
    });
  };

  close(): void {
    clearInterval(this.timer);
  }

  private send(answer: () => void): void {
    if (this.drainedBy === 'request') this.drain();
    this.waiting.push(answer);
  }

  private drain(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }
}
