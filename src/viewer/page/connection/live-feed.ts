import type { ViewRecord } from '../../view-records.js';
import { ViewStore } from '../../store/view-store.js';
import type { Hello, StreamState } from './event-stream.js';
import { RecordQueue } from './record-queue.js';

const MAX_WAITING = 100_000;
const CHUNK = 100;
// Of the 16 ms of a frame: the rest is for rendering and for the user.
const FRAME_BUDGET_MS = 4;
// A tab in the background renders no frames.
const HIDDEN_DELAY_MS = 500;

/**
 * Moves records from the connection into the store: once for each frame at most, and never for so
 * long that a key press or a scroll would wait.
 */
export class LiveFeed {
  readonly store = new ViewStore();
  state: StreamState = 'connecting';
  hello: Hello | undefined;
  isPaused = false;
  private readonly queue = new RecordQueue(MAX_WAITING);
  private readonly listeners = new Set<() => void>();
  private isScheduled = false;

  /** Records that have arrived since the pause. */
  get waiting(): number {
    return this.queue.size;
  }

  /** Records that the server dropped, and that were dropped here. */
  get dropped(): { requests: number; lines: number; spans: number } {
    const { store, queue } = this;
    return {
      requests: store.dropped.requests + queue.dropped.requests,
      lines: store.dropped.lines + queue.dropped.lines,
      spans: store.dropped.spans + queue.dropped.spans,
    };
  }

  /** The listener is called after changes, at most once for each frame. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  push(records: readonly ViewRecord[]): void {
    this.queue.push(records);
    this.schedule();
  }

  connect(hello: Hello): void {
    if (this.hello?.instance !== hello.instance) this.queue.beginServer();
    this.hello = hello;
    this.schedule();
  }

  setState(state: StreamState): void {
    this.state = state;
    this.schedule();
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.schedule();
  }

  clear(): void {
    this.queue.clear();
    this.store.clear();
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const run = (): void => this.runFrame();
    if (document.visibilityState === 'hidden') setTimeout(run, HIDDEN_DELAY_MS);
    else requestAnimationFrame(run);
  }

  private runFrame(): void {
    this.isScheduled = false;
    if (!this.isPaused) this.fill();
    for (const listener of this.listeners) listener();
  }

  private fill(): void {
    const until = performance.now() + FRAME_BUDGET_MS;
    while (this.queue.size > 0 && performance.now() < until) this.store.add(this.queue.take(CHUNK));
    if (this.queue.size > 0) this.schedule();
  }
}
