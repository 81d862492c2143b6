import { judged, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import type { BenchmarkedNode } from '../nodes.js';
import { type Platform, platforms } from '../server-host.js';
import { baselineOf, type Variant } from '../variant-list.js';
import { type ShareName, shareOf, shares, targetOf } from './request-targets.js';
import { addedBy, type RequestTiming } from './time-requests.js';

interface Column {
  node: BenchmarkedNode;
  platform: Platform;
}

/** What each variant adds to a bare application, with a column for each Node and platform. */
export function requestTable(timings: readonly RequestTiming[]): string {
  const columns = columnsOf(timings);
  const variants = [...new Set(timings.map(({ variant }) => variant))];
  const cell = (variant: Variant, { node, platform }: Column) => {
    const own = timings.find(
      (t) => t.variant === variant && t.node === node && t.platform === platform,
    )?.microseconds;
    const isBare = variant.file === 'bare';
    return shown(isBare ? (own ?? NaN) : addedBy(variant, platform, node, timings), 1);
  };
  return markdownTable(
    ['', ...columns.map(titleOf)],
    variants.map((variant) => [
      variant.file === 'bare' ? `${variant.name} (its own)` : nameWithBaseline(variant),
      ...columns.map((column) => cell(variant, column)),
    ]),
  );
}

/** What nestjs-tracing adds, as a share of what others add. */
export function shareTable(timings: readonly RequestTiming[]): string {
  const columns = columnsOf(timings);
  const cell = (name: ShareName, { node, platform }: Column) => {
    const share = shareOf(shares[name], platform, node, timings);
    const target = targetOf(name, platform, node);
    return target === undefined ? shown(share, 2) : judged(share, target, 2);
  };
  return markdownTable(
    ['share', ...columns.map(titleOf)],
    (Object.keys(shares) as ShareName[]).map((name) => [
      `${shares[name].variant.name}, of ${shares[name].yardstick.name}`,
      ...columns.map((column) => cell(name, column)),
    ]),
  );
}

export function columnsOf(timings: readonly RequestTiming[]): Column[] {
  return [...new Set(timings.map(({ node }) => node))].flatMap((node) =>
    platforms.map((platform): Column => ({ node, platform })),
  );
}

export function titleOf({ node, platform }: Column): string {
  return `N${node.major} ${platform === 'express' ? 'Express' : 'Fastify'}`;
}

function nameWithBaseline(variant: Variant): string {
  const { option, name } = baselineOf(variant);
  return option === undefined ? variant.name : `${variant.name} (over “${name}”)`;
}
