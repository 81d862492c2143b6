import { useEffect, useMemo, useReducer } from 'preact/hooks';
import { FilteredView, type FilteredRecords } from '../lists/filtered-records.js';
import type { Filter } from '../model/filter.js';
import type { PageStore } from '../model/page-store.js';

/** The requests and lines that match the filter, as of this render. */
export function useFilteredRecords(store: PageStore, filter: Filter): FilteredRecords {
  const [, render] = useReducer((times: number) => times + 1, 0);
  const view = useMemo(() => new FilteredView(store, () => render(undefined)), [store]);
  useMemo(() => view.use(filter), [view, filter]);
  useEffect(() => view.refresh(), [view, store.version]);
  useEffect(() => () => view.close(), [view]);
  return view.shown;
}
