import { markdownTable } from '../markdown-table.js';
import type { Findings, Run } from '../run.js';
import { allVariants, bare, ours, parts, type Variant, viewers } from '../variant-list.js';
import { columnsOf, requestTable, shareTable, titleOf } from './request-report.js';
import {
  contendersOf,
  failuresOf,
  type RequestSizes,
  type RequestTiming,
  timeRequests,
} from './time-requests.js';

const full: RequestSizes = { processes: 3, warmUp: 15_000, batch: 3_000, batches: 8 };
/** The differences to be measured are about one per cent. */
const fine: RequestSizes = { ...full, processes: 5 };

const howMeasured =
  'Connections are in memory: neither the kernel nor a client is in the figures. One pinned core, ' +
  '32 requests in flight, output to the null device; the least of the batches over the processes.';

/** What each library adds to a request. */
export async function requestsSection(run: Run): Promise<Findings> {
  const timings = await timeAll(run, allVariants, full);
  return {
    text: [
      '## CPU of the server for one request',
      'Microseconds of CPU that each adds to the same work without it. A request awaits five times, ' +
        `writes three lines and ends with an access line. ${howMeasured}`,
      requestTable(timings),
      '### What nestjs-tracing adds, as a share of what others add',
      'On Node 20 and 22 the limit is what was recorded before, and a tenth more.',
      shareTable(timings),
    ],
    failures: failuresOf(timings),
  };
}

/** What the trace viewer adds to a request while no page of it is open, and while one is. */
export async function viewerSection(run: Run): Promise<Findings> {
  const timings = await timeAll(run, [bare, ours, ...viewers], fine);
  return {
    text: [
      '## What the trace viewer adds',
      'To the CPU of one request of nestjs-tracing without it, at a rate far above what the viewer ' +
        'keeps all requests of.',
      viewerTable(timings),
    ],
    failures: failuresOf(timings),
  };
}

/** What the pieces of Nest and Node cost by themselves. */
export async function partsSection(run: Run): Promise<Findings> {
  const timings = await timeAll(run, [bare, ...parts], full);
  return {
    text: [
      '## What pieces of Nest and Node cost',
      `Microseconds of CPU that each adds to a request of a bare application. ${howMeasured}`,
      requestTable(timings),
    ],
    failures: failuresOf(timings),
  };
}

function timeAll(run: Run, variants: readonly Variant[], sizes: RequestSizes) {
  return timeRequests(run, contendersOf(run, variants), sizes);
}

function viewerTable(timings: readonly RequestTiming[]): string {
  const columns = columnsOf(timings);
  return markdownTable(
    ['', ...columns.map(titleOf)],
    viewers.map((viewer) => [
      viewer.name,
      ...columns.map(({ node, platform }) => {
        const takenBy = (variant: Variant) =>
          timings.find((t) => t.variant === variant && t.node === node && t.platform === platform)
            ?.microseconds ?? NaN;
        return `${((takenBy(viewer) / takenBy(ours) - 1) * 100).toFixed(1)} %`;
      }),
    ]),
  );
}
