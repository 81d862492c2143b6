import type { ComponentChildren, JSX } from 'preact';
import type { Filter } from '../../search/filter.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import type { AddressState } from '../hooks/use-address.js';
import { useSampled } from '../hooks/use-sampled.js';
import { errorColumns } from './error-columns.js';
import { routeColumns } from './route-columns.js';
import { SummaryTable } from './summary-table.js';
import { summarizeErrors } from '../../summary/error-summary.js';
import { summarizeRoutes } from '../../summary/route-summary.js';

interface SummaryPanelProps {
  readonly kind: 'routes' | 'errors';
  readonly store: ViewStore;
  /** Those that the search and the filters let through. */
  readonly requests: readonly ViewedRequest[];
  readonly bar: AddressState;
  readonly isHidden: boolean;
  /** Above the table, with the number of its rows. */
  head(count: number): ComponentChildren;
}

/** The view of routes, or that of errors: a table over the whole width. */
export function SummaryPanel(props: SummaryPanelProps): JSX.Element {
  const { kind, store, requests, bar } = props;
  const { filter, sort } = bar.address;
  const hasService = store.services.length > 1;

  /** The requests of a row, in the view of requests. */
  const onSearch = (found: string, service?: string): void => {
    const text = [filter.text.trim(), found].join(' ').trim();
    const next: Filter = { ...filter, text, service: service ?? filter.service };
    bar.go({ view: 'requests', filter: next, sort: undefined });
  };

  const common = { sort, onSort: (next: string) => bar.go({ sort: next }) };
  const drawTable = (): { count: number; table: JSX.Element } => {
    if (kind === 'routes') {
      const rows = summarizeRoutes(requests);
      const columns = routeColumns(hasService, onSearch);
      return {
        count: rows.length,
        table: <SummaryTable {...common} label="Routes" rows={rows} columns={columns} />,
      };
    }
    const rows = summarizeErrors(requests);
    const columns = errorColumns(onSearch);
    return {
      count: rows.length,
      table: <SummaryTable {...common} label="Errors" rows={rows} columns={columns} />,
    };
  };
  // The same elements are not compared again: most frames change nothing here.
  const { count, table } = useSampled(drawTable, `${kind} ${sort ?? ''}`, [
    store.version,
    requests,
  ]);

  return (
    <section
      class="panel summary"
      aria-label={kind === 'routes' ? 'Routes' : 'Errors'}
      hidden={props.isHidden}
    >
      <header class="panel-head">{props.head(count)}</header>
      <div class="scroller">
        {count > 0 && table}
        {count === 0 && (
          <p class="empty">
            {kind === 'errors' ? 'No request has failed.' : 'There are no requests.'}
          </p>
        )}
      </div>
    </section>
  );
}
