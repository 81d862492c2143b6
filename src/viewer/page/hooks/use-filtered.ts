import { useEffect, useMemo, useReducer } from 'preact/hooks';
import { FilteredView, type Shown } from '../lists/filtered-view.js';
import type { Filter } from '../model/filter.js';
import type { PageStore } from '../model/page-store.js';

/** What the filter lets through, as of this render. */
export function useFiltered(store: PageStore, filter: Filter): Shown {
  const [, render] = useReducer((times: number) => times + 1, 0);
  const view = useMemo(() => new FilteredView(store, () => render(undefined)), [store]);
  useMemo(() => view.use(filter), [view, filter]);
  useEffect(() => view.refresh(), [view, store.version]);
  useEffect(() => () => view.close(), [view]);
  return view.shown;
}
