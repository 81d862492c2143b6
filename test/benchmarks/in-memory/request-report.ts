import type { BenchmarkedNode } from '../nodes.js';
import { type Platform, platforms } from '../server-host.js';
import { markdownTable } from '../markdown-table.js';
import { baselineOf, type Variant } from '../variant-list.js';
import { requestTargets, shareOf } from './request-targets.js';
import { addedBy, type RequestTiming } from './time-requests.js';

interface Column {
  node: BenchmarkedNode;
  platform: Platform;
}

/** What each variant adds to a bare application, with a column for each Node and platform. */
export function requestReport(timings: readonly RequestTiming[], isJudged: boolean): string[] {
  if (timings.length === 0) return [];
  const columns = [...new Set(timings.map(({ node }) => node))].flatMap((node) =>
    platforms.map((platform): Column => ({ node, platform })),
  );
  return [
    '## CPU of the server for one request',
    'Microseconds of CPU that each adds to the same work without it. A request awaits five times, ' +
      'writes three lines and ends with an access line. Connections are in memory: neither the kernel ' +
      'nor a client is in the figures. One pinned core, 32 requests in flight, output to the null ' +
      'device; the least of the batches over the processes.',
    requestTable(timings, columns),
    ...failureList(timings),
    ...(isJudged
      ? [
          '### What nestjs-tracing adds, as a share of what others add',
          targetTable(timings, columns),
        ]
      : []),
  ];
}

function requestTable(timings: readonly RequestTiming[], columns: readonly Column[]): string {
  const variants = [...new Set(timings.map(({ variant }) => variant))];
  const cell = (variant: Variant, { node, platform }: Column) => {
    const own = timings.find(
      (t) => t.variant === variant && t.node === node && t.platform === platform,
    )?.microseconds;
    const isBare = variant.file === 'bare';
    return shown(isBare ? own : addedBy(variant, platform, node, timings));
  };
  return markdownTable(
    ['', ...columns.map(titleOf)],
    variants.map((variant) => [
      variant.file === 'bare' ? `${variant.name} (its own)` : nameWithBaseline(variant),
      ...columns.map((column) => cell(variant, column)),
    ]),
  );
}

function targetTable(timings: readonly RequestTiming[], columns: readonly Column[]): string {
  return markdownTable(
    ['share', ...columns.map(titleOf)],
    requestTargets.map((target) => [
      `${target.variant.name}, of ${target.yardstick.name}`,
      ...columns.map(({ node, platform }) => {
        const share = shareOf(target, platform, node, timings);
        const atMost = target.atMost[platform];
        return `${share.toFixed(2)} (≤ ${atMost} ${share <= atMost ? 'reached' : 'missed'})`;
      }),
    ]),
  );
}

function nameWithBaseline(variant: Variant): string {
  const { option } = baselineOf(variant);
  return option === undefined
    ? variant.name
    : `${variant.name} (over “${baselineOf(variant).name}”)`;
}

function failureList(timings: readonly RequestTiming[]): string[] {
  const failed = timings.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return [];
  const line = ({ variant, platform, node, failure }: RequestTiming) =>
    `- ${variant.name}, ${platform}, Node ${node.major}: ${failure}`;
  return ['### Failing, and therefore not timed', failed.map(line).join('\n')];
}

function titleOf({ node, platform }: Column): string {
  return `N${node.major} ${platform === 'express' ? 'Express' : 'Fastify'}`;
}

function shown(microseconds = NaN): string {
  return Number.isNaN(microseconds) ? '–' : microseconds.toFixed(1);
}
