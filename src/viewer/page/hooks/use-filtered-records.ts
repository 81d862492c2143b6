import { useEffect, useMemo, useReducer } from 'preact/hooks';
import { FilteredView, type FilteredRecords } from '../lists/filtered-records.js';
import type { Filter } from '../../search/filter.js';
import type { ViewStore } from '../../store/view-store.js';

/** The requests and lines that match the filter, as of this render. */
export function useFilteredRecords(
  store: ViewStore,
  filter: Filter,
  hasOutside: boolean,
): FilteredRecords {
  const [, render] = useReducer((times: number) => times + 1, 0);
  const view = useMemo(() => new FilteredView(store, () => render(undefined)), [store]);
  useMemo(() => view.use(filter, hasOutside), [view, filter, hasOutside]);
  useEffect(() => view.refresh(), [view, store.version]);
  useEffect(() => () => view.close(), [view]);
  return view.shown;
}
