import { STATUSES, type Filter } from '../../search/filter.js';
import { MAX_SEARCH } from '../../search/search.js';

export const VIEWS = ['requests', 'traces', 'routes', 'errors'] as const;
export type ViewName = (typeof VIEWS)[number];

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** What the page shows, as its address says it. */
export interface Address {
  readonly view: ViewName;
  readonly filter: Filter;
  /** How the view is sorted; `undefined` for its own order. */
  readonly sort?: string | undefined;
  /** Whether lines that are of no request are shown as well. */
  readonly hasOutside?: boolean | undefined;
  /** The span id of the request that is open. */
  readonly request?: string | undefined;
  /** The {@link lineKey} of the line that is open. */
  readonly line?: string | undefined;
}

/** In characters, of what is no search. */
const MAX_VALUE = 512;
/** In characters: all of it, in which a character of the search may take nine. */
const MAX_ADDRESS = 50_000;

/** Reads the fragment of an address. It may come from anyone: what is not understood is left out. */
export function readAddress(hash: string): Address {
  const values = new URLSearchParams(hash.length > MAX_ADDRESS ? '' : hash.slice(1));
  const read = (name: string, most = MAX_VALUE): string | undefined => {
    const value = values.get(name) ?? '';
    return value === '' || value.length > most ? undefined : value;
  };
  const oneOf = <T extends string>(name: string, known: readonly T[]): T | undefined =>
    known.find((value) => value === values.get(name));
  const slower = Number(read('slower') ?? Number.NaN);
  return {
    view: oneOf('view', VIEWS) ?? 'requests',
    filter: {
      text: read('search', MAX_SEARCH) ?? '',
      level: oneOf('level', LEVELS),
      session: read('session'),
      status: oneOf('status', STATUSES),
      slowerThanMs: slower >= 0 && slower < Infinity ? slower : undefined,
      service: read('service'),
    },
    sort: read('sort'),
    hasOutside: oneOf('outside', ['shown']) !== undefined,
    request: read('request'),
    line: read('line'),
  };
}

/** The fragment with which the page shows the same again: `''` for what it shows at first. */
export function addressText({ view, filter, ...rest }: Address): string {
  const values = {
    view: view === 'requests' ? undefined : view,
    search: filter.text.trim(),
    level: filter.level,
    session: filter.session,
    status: filter.status,
    slower: filter.slowerThanMs?.toString(),
    service: filter.service,
    sort: rest.sort,
    outside: rest.hasOutside === true ? 'shown' : undefined,
    request: rest.request,
    line: rest.line,
  };
  const given = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return given.length === 0 ? '' : `#${new URLSearchParams(given).toString()}`;
}

/** The address of a request, whatever else is shown. */
export function permalinkOf(spanId: string): string {
  return `#${new URLSearchParams({ request: spanId }).toString()}`;
}
