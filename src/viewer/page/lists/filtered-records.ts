import { isEmptyFilter, RecordFilter, type Filter } from '../../search/filter.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';

const SLICE_MS = 6;
// Items between two looks at the clock.
const ITEMS_AT_ONCE = 200;
// While records arrive, filtering may take this part of the processor's time.
const SHARE = 0.2;

export interface FilteredRecords {
  readonly requests: readonly ViewedRequest[];
  readonly lines: readonly ViewedLine[];
}

/**
 * The requests and lines that match a filter. A full store is searched in slices, so that no key
 * press waits for it, and again as records arrive, but with no more than a share of the processor.
 */
export class FilteredView {
  shown: FilteredRecords;
  private scan: Generator<void, FilteredRecords> | undefined;
  private filter: Filter = { text: '' };
  private isOutdated = false;
  private spentMs = 0;
  private restUntil = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: ViewStore,
    private readonly onChange: () => void,
  ) {
    this.shown = new Inside(store);
  }

  /**
   * Applies another filter; to a small store at once.
   *
   * @param hasOutside whether lines of no request are shown, where no filter asks for anything.
   */
  use(filter: Filter, hasOutside: boolean): void {
    this.filter = filter;
    this.close();
    this.scan = undefined;
    if (isEmptyFilter(filter)) this.shown = hasOutside ? this.store : new Inside(this.store);
    else this.start();
  }

  /** The store has changed. */
  refresh(): void {
    if (isEmptyFilter(this.filter)) return;
    this.isOutdated = true;
    if (this.scan === undefined) this.continueAfter(this.restUntil - performance.now());
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private start(): void {
    this.isOutdated = false;
    this.spentMs = 0;
    this.scan = matches(this.store, this.filter);
    this.runSlice();
  }

  private runSlice(): void {
    const begin = performance.now();
    while (this.scan !== undefined && performance.now() - begin < SLICE_MS) {
      const { done, value } = this.scan.next();
      if (done === true) this.finish(value);
    }
    this.spentMs += performance.now() - begin;
    if (this.scan !== undefined) this.continueAfter(0);
    else this.restUntil = performance.now() + this.spentMs / SHARE;
  }

  private finish(shown: FilteredRecords): void {
    this.shown = shown;
    this.scan = undefined;
    this.onChange();
  }

  private continueAfter(ms: number): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        if (this.scan !== undefined) this.runSlice();
        else if (this.isOutdated) this.start();
      },
      Math.max(0, ms),
    );
  }
}

class Inside implements FilteredRecords {
  constructor(private readonly store: ViewStore) {}

  get requests(): readonly ViewedRequest[] {
    return this.store.requests;
  }

  get lines(): readonly ViewedLine[] {
    return this.store.linesInside;
  }
}

function* matches(store: ViewStore, filter: Filter): Generator<void, FilteredRecords> {
  const matching = new RecordFilter(store, filter);
  return {
    requests: yield* select(store.requests, (request) => matching.isMatchingRequest(request)),
    lines: yield* select(store.lines, (line) => matching.isMatchingLine(line)),
  };
}

function* select<T>(items: readonly T[], isMatching: (item: T) => boolean): Generator<void, T[]> {
  const found: T[] = [];
  // The store goes on while this waits: its list of this moment.
  const all = items.slice();
  for (let from = 0; from < all.length; from += ITEMS_AT_ONCE) {
    for (const item of all.slice(from, from + ITEMS_AT_ONCE))
      if (isMatching(item)) found.push(item);
    yield;
  }
  return found;
}
