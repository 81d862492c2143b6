import { RecordFilter } from '../../search/filter.js';
import { lineField, requestField } from '../../search/field-values.js';
import type { SearchTerm } from '../../search/search.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import type { Work } from './answer.js';

/** Finds what {@link RecordFilter} finds, but yields between the lines of a request. */
export class SlicedFilter {
  /** Why the search cannot be done. */
  readonly problem: string | undefined;
  private readonly filter: RecordFilter;

  constructor(
    private readonly store: ViewStore,
    search = '',
  ) {
    this.filter = new RecordFilter(store, { text: search });
    this.problem = this.filter.search.problem;
  }

  *isMatchingRequest(request: ViewedRequest): Work<boolean> {
    if (this.problem !== undefined) return false;
    for (const term of this.filter.search.terms) {
      if ((yield* this.isInRequest(term, request)) === term.isNegated) return false;
    }
    return true;
  }

  isMatchingLine(line: ViewedLine): boolean {
    return this.filter.isMatchingLine(line);
  }

  private *isInRequest({ field, matches }: SearchTerm, request: ViewedRequest): Work<boolean> {
    const { store } = this;
    if (field === undefined) {
      if (matches(store.requestText(request))) return true;
    } else {
      const values = requestField(request.record, field);
      if (values.length > 0) return values.some(matches);
    }
    for (const line of store.linesOf(request)) {
      yield;
      const texts = field === undefined ? [store.lineText(line)] : lineField(line.record, field);
      if (texts.some(matches)) return true;
    }
    return false;
  }
}
