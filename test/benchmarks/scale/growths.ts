import type { Platform } from '../server-host.js';
import { ours, type Variant } from '../variant-list.js';
import type { BatchSizes } from '../in-memory/batches.js';

/** How a cost grows with what an application has. */
export interface Growth {
  /** What it has many of. */
  name: string;
  counts: readonly number[];
  platforms: readonly Platform[];
  variant: (count: number) => Variant;
  /** How the cost may grow: not at all, or as the count does. */
  may: 'be flat' | 'be linear';
  /** Of what the figures are. */
  per: string;
  sizes: BatchSizes;
}

const usual: BatchSizes = { warmUp: 10_000, batch: 2_000, batches: 6 };
/** A request with a thousand spans takes a hundred times as long. */
const smaller: BatchSizes = { warmUp: 5_000, batch: 500, batches: 8 };

/** Over connections in memory. What the same application costs without it is taken off. */
export const growths: readonly Growth[] = [
  {
    name: 'routes',
    counts: [10, 100, 1_000],
    platforms: ['express', 'fastify'],
    // The router's own cost grows on Express, and is in both.
    variant: (count) =>
      scaled('routes', count, { baseline: scaled('routes', count, { isBare: true }) }),
    may: 'be flat',
    per: 'µs for one request, over a bare application with as many routes',
    sizes: usual,
  },
  {
    name: 'fields of an entry',
    counts: [1, 10, 100],
    platforms: ['fastify'],
    variant: (count) => scaled('fields', count, { baseline: ours, lines: 5 }),
    may: 'be linear',
    per: 'µs for one line',
    sizes: usual,
  },
  {
    name: 'spans of a request',
    counts: [1, 10, 100, 1_000],
    platforms: ['fastify'],
    variant: (count) => scaled('spans', count, { baseline: ours }),
    may: 'be linear',
    per: 'µs for all of one request',
    sizes: smaller,
  },
  {
    name: 'log transports',
    counts: [1, 2, 4, 8],
    platforms: ['fastify'],
    variant: (count) => scaled('transports', count, {}),
    may: 'be linear',
    per: 'µs for one request with four lines',
    sizes: usual,
  },
];

export function scaled(
  kind: string,
  count: number,
  { isBare = false, ...rest }: { isBare?: boolean } & Partial<Variant>,
): Variant {
  return {
    name: `${count} ${kind}${isBare ? ', bare' : ''}`,
    file: 'scaled',
    option: `${kind} ${count}${isBare ? ' bare' : ''}`,
    ...(!isBare && { idField: 'request_id' }),
    ...rest,
  };
}
