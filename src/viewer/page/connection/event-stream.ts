import type { ViewRecord } from '../../view-records.js';

export type StreamState = 'connecting' | 'live' | 'lost';

/** The server that the page is connected to. */
export interface Hello {
  /** A new one after each restart. */
  readonly instance: string;
  readonly service: string;
  /** The path of the page. */
  readonly path: string;
}

export interface StreamHandlers {
  onHello(hello: Hello): void;
  onRecords(records: readonly ViewRecord[]): void;
  onState(state: StreamState): void;
}

export interface Stream {
  close(): void;
}

interface SourceEvent {
  readonly data: string;
  readonly lastEventId: string;
}

/** The part of a browser's `EventSource` that is used. */
export interface Source {
  addEventListener(type: string, listener: (event: SourceEvent) => void): void;
  close(): void;
}

declare const EventSource: new (url: string) => Source;

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5000;

/**
 * Follows the server's records. A connection that is lost is opened again and continues after the
 * last record. An `EventSource` does that too, but gives up at the first error response, such as a
 * proxy sends while the server restarts.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection
 */
export function openStream(
  url: string,
  handlers: StreamHandlers,
  open: (url: string) => Source = (url) => new EventSource(url),
): Stream {
  const connection = new Connection(url, handlers, open);
  connection.open();
  return connection;
}

class Connection implements Stream {
  private source: Source | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private state: StreamState | undefined;
  private lastId = '';
  private delayMs = FIRST_DELAY_MS;

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers,
    private readonly openSource: (url: string) => Source,
  ) {}

  open(): void {
    if (this.state === undefined) this.enter('connecting');
    const source = this.openSource(this.resumingUrl());
    this.source = source;
    source.addEventListener('hello', ({ data }) => {
      this.delayMs = FIRST_DELAY_MS;
      this.enter('live');
      this.handlers.onHello(JSON.parse(data) as Hello);
    });
    source.addEventListener('records', ({ data, lastEventId }) => {
      this.lastId = lastEventId;
      this.handlers.onRecords(JSON.parse(data) as ViewRecord[]);
    });
    source.addEventListener('error', () => {
      if (source === this.source) this.openAgain();
    });
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }

  private openAgain(): void {
    this.close();
    this.enter('lost');
    this.timer = setTimeout(() => this.open(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, MAX_DELAY_MS);
  }

  private resumingUrl(): string {
    if (this.lastId === '') return this.url;
    const separator = this.url.includes('?') ? '&' : '?';
    return `${this.url}${separator}from=${encodeURIComponent(this.lastId)}`;
  }

  private enter(state: StreamState): void {
    if (state === this.state) return;
    this.state = state;
    this.handlers.onState(state);
  }
}
