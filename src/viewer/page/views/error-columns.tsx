import type { ErrorSummary } from '../../summary/error-summary.js';
import { permalinkOf } from '../model/address.js';
import { dayTimeText } from '../text/display-text.js';
import { visibleText } from '../text/visible-text.js';
import type { Column } from './summary-table.js';

const MAX_TITLE = 300;

/** What is said of each error. */
export function errorColumns(onSearch: (search: string) => void): readonly Column<ErrorSummary>[] {
  return [
    {
      name: 'error',
      label: 'Error',
      isText: true,
      value: ({ title }) => title,
      cell: ({ title, errorId, latest }) => (
        <>
          <a
            class="row-link"
            href={permalinkOf(latest.record.spanId)}
            title="Open the latest request that failed with it"
          >
            {visibleText(title.slice(0, MAX_TITLE))}
          </a>
          {errorId !== undefined && <code>{visibleText(errorId)}</code>}
        </>
      ),
    },
    {
      name: 'route',
      label: 'Route',
      isText: true,
      isExtra: true,
      value: ({ routes }) => routes[0],
      cell: ({ routes }) =>
        `${visibleText(routes[0] ?? '')}${routes.length > 1 ? ` and ${routes.length - 1} more` : ''}`,
    },
    {
      name: 'requests',
      label: 'Requests',
      value: ({ requests }) => requests,
      cell: ({ requests, search }) => (
        <button
          type="button"
          class="row-link"
          title="Show its requests"
          onClick={() => onSearch(search)}
        >
          {requests.toLocaleString('en')}
        </button>
      ),
    },
    {
      name: 'sessions',
      label: 'Sessions',
      isExtra: true,
      value: ({ sessions }) => sessions,
    },
    time('first', 'First seen', ({ firstAt }) => firstAt),
    time('last', 'Last seen', ({ lastAt }) => lastAt),
  ];
}

function time(
  name: string,
  label: string,
  value: (row: ErrorSummary) => number,
): Column<ErrorSummary> {
  return {
    name,
    label,
    isExtra: name === 'first',
    value,
    cell: (row) => <time>{dayTimeText(value(row)).slice(0, -4)}</time>,
  };
}
