import { HeldTrace } from './held-trace.js';

/** The traces of which the page holds anything, by their ids. */
export class HeldTraces {
  private readonly traces = new Map<string, HeldTrace>();

  get(id: string | undefined): HeldTrace | undefined {
    return id === undefined ? undefined : this.traces.get(id);
  }

  open(id: string): HeldTrace {
    let trace = this.traces.get(id);
    if (trace === undefined) this.traces.set(id, (trace = new HeldTrace()));
    return trace;
  }

  close(id: string): void {
    this.traces.delete(id);
  }
}
