import type { IncomingMessage } from 'node:http';
import { BodyBuffer } from './body-buffer.js';

/** The status of the response that refuses a body. */
export type BodyRefusal = 400 | 408 | 413 | 503;

/** What all bodies that are being received or wait to be read may take together. */
export interface BodyLimits {
  /** Bytes of one body. */
  readonly bodyBytes: number;
  /** Bytes of all. Default: 16 MiB, or twice `bodyBytes` where that is more. */
  readonly totalBytes?: number;
  /** How many there may be. Default: 64. */
  readonly bodies?: number;
  /** Milliseconds in which a body must be complete. Default: 10,000. */
  readonly timeMs?: number;
}

const TOTAL_BYTES = 16 * 1024 * 1024;
const BODIES = 64;
const TIME_MS = 10_000;

/** A body that is complete. It counts until it is released. */
export interface ReceivedBody {
  readonly bytes: Buffer;
  release(): void;
}

/**
 * Receives the bodies of requests, and bounds what all of them take in memory. A body that would
 * exceed it takes the place of the one on which nothing has arrived for the longest time: senders
 * that stop half-way do not keep out those that send.
 */
export class BodyReader {
  private readonly receiving = new Set<IncomingBody>();
  private bytes = 0;
  private count = 0;
  private readonly limits: Required<BodyLimits>;

  constructor({
    bodyBytes,
    totalBytes = Math.max(TOTAL_BYTES, bodyBytes * 2),
    bodies = BODIES,
    timeMs = TIME_MS,
  }: BodyLimits) {
    this.limits = { bodyBytes, totalBytes, bodies, timeMs };
  }

  /** Bytes that bodies take now. */
  get heldBytes(): number {
    return this.bytes;
  }

  read(request: IncomingMessage): Promise<ReceivedBody | BodyRefusal> {
    const { bodyBytes, bodies, timeMs } = this.limits;
    // The client disconnected while `authorize` ran.
    if (request.destroyed) return Promise.resolve(400);
    if (Number(request.headers['content-length']) > bodyBytes) return Promise.resolve(413);
    if (this.count >= bodies && !this.refuseStalest()) return Promise.resolve(503);
    return new Promise((resolve) => {
      const body: IncomingBody = new IncomingBody(request, timeMs, {
        grow: (bytes) => this.grow(body, bytes),
        end: (result) => {
          this.receiving.delete(body);
          if (typeof result === 'number') this.leave(body);
          resolve(
            typeof result === 'number'
              ? result
              : { bytes: result, release: () => this.leave(body) },
          );
        },
      });
      this.count++;
      this.receiving.add(body);
    });
  }

  /** Makes room for one more chunk. Returns why there is none. */
  private grow(body: IncomingBody, bytes: number): BodyRefusal | undefined {
    const { bodyBytes, totalBytes } = this.limits;
    if (body.length + bytes > bodyBytes) return 413;
    const more = body.capacityFor(bytes, bodyBytes) - body.capacity;
    while (this.bytes + more > totalBytes) if (!this.refuseStalest(body)) return 503;
    this.bytes += more;
    return undefined;
  }

  private refuseStalest(but?: IncomingBody): boolean {
    let stalest: IncomingBody | undefined;
    for (const body of this.receiving) {
      if (body !== but && (stalest === undefined || body.activeMs < stalest.activeMs)) {
        stalest = body;
      }
    }
    stalest?.refuse(503);
    return stalest !== undefined;
  }

  private leave(body: IncomingBody): void {
    this.count--;
    this.bytes -= body.capacity;
    body.drop();
  }
}

interface BodyEvents {
  grow(bytes: number): BodyRefusal | undefined;
  end(result: Buffer | BodyRefusal): void;
}

/** One body that is being received. */
class IncomingBody extends BodyBuffer {
  /** When something last arrived, in monotonic milliseconds. */
  activeMs = performance.now();
  private isEnded = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly request: IncomingMessage,
    timeMs: number,
    private readonly events: BodyEvents,
  ) {
    super();
    this.timer = setTimeout(() => this.refuse(408), timeMs).unref();
    request.on('data', this.take).once('end', this.complete);
    request.once('error', this.abort).once('close', this.abort);
  }

  refuse(status: BodyRefusal): void {
    this.end(status);
  }

  private readonly take = (chunk: Buffer): void => {
    this.activeMs = performance.now();
    const refusal = this.events.grow(chunk.length);
    if (refusal === undefined) this.append(chunk);
    else this.refuse(refusal);
  };

  private readonly complete = (): void => this.end(this.content());

  private readonly abort = (): void => this.end(400);

  private end(result: Buffer | BodyRefusal): void {
    if (this.isEnded) return;
    this.isEnded = true;
    clearTimeout(this.timer);
    // What still comes is not read: the connection is closed after the response.
    this.request.off('data', this.take).off('end', this.complete).pause();
    this.events.end(result);
  }
}
