import { StoredTrace } from './stored-trace.js';

/** The traces in the store, by their ids. */
export class StoredTraces {
  private readonly traces = new Map<string, StoredTrace>();

  get(id: string | undefined): StoredTrace | undefined {
    return id === undefined ? undefined : this.traces.get(id);
  }

  open(id: string): StoredTrace {
    let trace = this.traces.get(id);
    if (trace === undefined) this.traces.set(id, (trace = new StoredTrace()));
    return trace;
  }

  close(id: string): void {
    this.traces.delete(id);
  }
}
