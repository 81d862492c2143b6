import { ClsServiceManager } from 'nestjs-cls';

// What other packages do to the async context of a request, at random: the soak goes through it
// from its first request to its last, and no id may be wrong for it.

type GoOn = () => void;

/** Of the requests, those that wait for another one or for a timer. */
const QUEUED_SHARE = 0.25;
/** Of the pauses of handlers, those in which the `nestjs-cls` store is replaced. */
const REPLACED_SHARE = 0.1;
const TIMER_MS = 3;
/** Their clients disconnect at once: Fastify does not run a handler for a connection that is closed. */
const LEFT_EARLY = /^\/waits\//;

const cls = ClsServiceManager.getClsService<Record<string, string>>();

/**
 * Lets requests go on as session stores and pools with one connection do: from a queue that another
 * request drains in its own context, or a timer that is older than every request.
 */
export class ForeignQueue {
  private readonly waiting: GoOn[] = [];

  constructor() {
    setInterval(() => this.drain(), TIMER_MS).unref();
  }

  goOn(url: string, next: GoOn): void {
    this.drain();
    if (Math.random() < QUEUED_SHARE && !LEFT_EARLY.test(url)) this.waiting.push(next);
    else next();
  }

  private drain(): void {
    for (const next of this.waiting.splice(0)) next();
  }
}

/**
 * Replaces the store of `nestjs-cls` in mid-flight, in a few pauses.
 *
 * @returns if it has done so: what has become of the new store, to be asked at a later time;
 *   `undefined` where it is still there.
 */
export function replaceStore(seq: string): (() => string | undefined) | undefined {
  if (Math.random() >= REPLACED_SHARE) return undefined;
  cls.enterWith({ owner: seq });
  return () => {
    const owner = cls.isActive() ? cls.get('owner') : 'none';
    return owner === seq ? undefined : `lost its store to ${String(owner)}`;
  };
}
