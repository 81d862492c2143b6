import { durationText } from '../../duration-text.js';
import type { RouteSummary } from '../../summary/route-summary.js';
import { permalinkOf } from '../model/address.js';
import { visibleText } from '../text/visible-text.js';
import type { Column } from './summary-table.js';

/** What is said of each route. */
export function routeColumns(
  hasService: boolean,
  onSearch: (search: string, service: string) => void,
): readonly Column<RouteSummary>[] {
  const columns: readonly (Column<RouteSummary> | false)[] = [
    {
      name: 'route',
      label: 'Route',
      isText: true,
      value: ({ name }) => name,
      cell: ({ name, search, service }) => (
        <button
          type="button"
          class="row-link"
          title="Show its requests"
          onClick={() => onSearch(search, service)}
        >
          {visibleText(name)}
        </button>
      ),
    },
    hasService && {
      name: 'service',
      label: 'Service',
      isText: true,
      isExtra: true,
      value: ({ service }) => service,
      cell: ({ service }) => visibleText(service),
    },
    {
      name: 'requests',
      label: 'Requests',
      value: ({ requests }) => requests,
      cell: ({ requests }) => requests.toLocaleString('en'),
    },
    {
      name: 'rate',
      label: 'Rate',
      isExtra: true,
      value: ({ perSecond }) => perSecond,
      cell: ({ perSecond }) => rateText(perSecond),
    },
    {
      name: 'errors',
      label: 'Errors',
      value: ({ failed, requests }) => failed / requests,
      cell: ({ failed, requests }) =>
        failed > 0 && <span class="failed">{percentText(failed / requests)}</span>,
    },
    percentile('p50'),
    percentile('p95'),
    percentile('p99'),
    {
      name: 'slowest',
      label: 'Slowest',
      isExtra: true,
      value: ({ slowest }) => slowest?.record.duration_ms,
      cell: ({ slowest }) =>
        slowest !== undefined && (
          <a href={permalinkOf(slowest.record.spanId)} title="Open the slowest request">
            {durationText(slowest.record.duration_ms!)}
          </a>
        ),
    },
  ];
  return columns.filter((column) => column !== false);
}

function percentile(name: 'p50' | 'p95' | 'p99'): Column<RouteSummary> {
  return {
    name,
    label: name,
    isExtra: name !== 'p95',
    value: (row) => row[name],
    cell: ({ [name]: ms }) => (ms === undefined ? '' : durationText(ms)),
  };
}

function percentText(share: number): string {
  return share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`;
}

function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  return perSecond >= 1
    ? `${Number(perSecond.toPrecision(2))}/s`
    : `${Number((perSecond * 60).toPrecision(2))}/min`;
}
