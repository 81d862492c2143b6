import { clientWork, surroundings } from './client-callers.js';
import type { ClientCallTiming } from './client-calls.js';
import type { LogLineTiming } from './log-line.js';
import { inFlight, type InFlightTiming } from './in-flight.js';
import type { LongRun } from './long-run.js';
import type { Failure, Measured } from './rounds.js';
import { platforms } from './server-host.js';
import type { SpanTiming } from './span.js';
import { markdownTable } from './markdown-table.js';
import { machine, versions } from './surroundings.js';
import { added, memoryStays, shareOf, targets } from './targets.js';
import { type Measure, measures, type TimingSizes } from './timing.js';
import type { ReaderTiming } from './untangle.js';
import { bare, ours, type Variant, viewers } from './variant-list.js';

export interface Results {
  sizes: TimingSizes;
  measured: Measured[];
  failures: Failure[];
  logLines: LogLineTiming[];
  spans: SpanTiming[];
  clientCalls: ClientCallTiming[];
  readers: ReaderTiming[];
  inFlight: InFlightTiming[];
  longRuns: LongRun[];
  /** A run that is too short, or that skips variants, is not compared with the targets. */
  isJudged: boolean;
}

function titleOf(measure: Measure, { rate }: TimingSizes): string {
  return measure === 'saturated'
    ? 'At saturation'
    : `At ${rate.toLocaleString('en')} requests a second`;
}

/** Everything that was measured, as Markdown. Absolute numbers are this machine's; ratios travel. */
export function report(results: Results): string {
  const { sizes, measured, failures, logLines, spans, readers, isJudged } = results;
  return [
    '# Benchmarks',
    `${machine()}, ${new Date().toISOString().slice(0, 10)}. Written by \`npm run bench\`.`,
    ...(measured.length > 0 ? requestSection(results) : []),
    ...failureList(failures),
    ...section(
      '## What nestjs-tracing adds to a bare application, as a share of what others add',
      isJudged ? targetTable(measured, sizes) : '',
    ),
    ...section('## What the page of the viewer adds', viewerTable(results)),
    ...section('## CPU of one log line', nanosecondTable(logLines)),
    ...section('## CPU of one span', spanText(spans)),
    ...section('## CPU of one call of a client library', clientCallText(results.clientCalls)),
    ...section('## Reading a log at the terminal', readerText(readers)),
    ...section('## Many requests at once', inFlightTable(results.inFlight)),
    ...section('## A long run', longRunTable(results.longRuns)),
    '## Versions',
    `${versions()}.\n`,
  ].join('\n\n');
}

function requestSection({ sizes, measured }: Results): string[] {
  return [
    '## CPU of the server for one request',
    'Microseconds of the whole process. A request awaits five times, writes three lines and ends with ' +
      'an access line; the bare application writes none. Output goes to the null device. ' +
      `Medians of ${sizes.rounds} interleaved rounds, each server a new process that has served ` +
      `${sizes.warmUp.toLocaleString('en')} requests before the first that counts.`,
    ...measures.flatMap((measure) => [
      `### ${titleOf(measure, sizes)}`,
      cpuTable(measure, measured),
    ]),
  ];
}

function cpuTable(measure: Measure, measured: Measured[]): string {
  const variants = [...new Set(measured.map(({ variant }) => variant))];
  const cells = (variant: Variant) =>
    platforms.flatMap((platform) => {
      const cpuOf = (wanted: Variant) =>
        measured.find((m) => m.variant === wanted && m.platform === platform)?.timing[measure];
      const cpu = cpuOf(variant);
      if (cpu === undefined) return ['–', '–', '–'];
      const over = added(variant, platform, measure, measured);
      return [cpu.toFixed(0), (cpu / (cpuOf(bare) ?? NaN)).toFixed(2), over.toFixed(0)];
    });
  return markdownTable(
    ['', 'Express µs', 'ratio', 'over bare', 'Fastify µs', 'ratio', 'over bare'],
    variants.map((variant) => [variant.name, ...cells(variant)]),
  );
}

function targetTable(measured: Measured[], sizes: TimingSizes): string {
  const columns = platforms.flatMap((platform) =>
    measures.map((measure) => ({ platform, measure })),
  );
  return markdownTable(
    [
      'share',
      ...columns.map(
        ({ platform, measure }) => `${platform}, ${titleOf(measure, sizes).toLowerCase()}`,
      ),
    ],
    targets.map((target) => [
      `${target.variant.name}, of ${target.yardstick.name}`,
      ...columns.map(({ platform, measure }) => {
        const share = shareOf(target, platform, measure, measured);
        const atMost = target.atMost[platform];
        return `${share.toFixed(2)} (≤ ${atMost} ${share <= atMost ? 'reached' : 'missed'})`;
      }),
    ]),
  );
}

function viewerTable({ measured, sizes }: Results): string {
  const rows = viewers.filter((viewer) => measured.some(({ variant }) => variant === viewer));
  if (rows.length === 0) return '';
  const cpuOf = (wanted: Variant, platform: string, measure: Measure): number =>
    measured.find((one) => one.variant === wanted && one.platform === platform)?.timing[measure] ??
    NaN;
  const columns = platforms.flatMap((platform) =>
    measures.map((measure) => ({ platform, measure })),
  );
  return markdownTable(
    [
      'over nestjs-tracing without it',
      ...columns.map(
        ({ platform, measure }) => `${platform}, ${titleOf(measure, sizes).toLowerCase()}`,
      ),
    ],
    rows.map((variant) => [
      variant.name,
      ...columns.map(({ platform, measure }) => {
        const ratio = cpuOf(variant, platform, measure) / cpuOf(ours, platform, measure);
        return `${((ratio - 1) * 100).toFixed(1)} %`;
      }),
    ]),
  );
}

function nanosecondTable(timings: readonly (LogLineTiming | SpanTiming)[]): string {
  if (timings.length === 0) return '';
  return markdownTable(
    ['', 'ns'],
    timings.map(({ name, nanoseconds }) => [name, nanoseconds.toFixed(0)]),
  );
}

function spanText(timings: readonly SpanTiming[]): string {
  if (timings.length === 0) return '';
  return (
    'Ten spans in three layers make a request; there are no subscribers. What the same work takes without ' +
    `spans, in the same process, is taken off.\n\n${nanosecondTable(timings)}`
  );
}

function clientCallText(timings: readonly ClientCallTiming[]): string {
  if (timings.length === 0) return '';
  const kinds = Object.keys(clientWork);
  const rows = Object.keys(surroundings).map((where) => [
    where,
    ...kinds.map((kind) => {
      const found = timings.find((one) => one.kind === kind && one.where === where);
      return (found?.nanoseconds ?? NaN).toFixed(0);
    }),
  ]);
  return (
    'Nanoseconds of the whole call, ten to a request, with a socket that is answered in the same ' +
    'process; the least of the batches. Each is checked to record every call, or none.\n\n' +
    markdownTable(['', ...kinds], rows)
  );
}

function readerText(timings: readonly ReaderTiming[]): string {
  if (timings.length === 0) return '';
  const rows = timings.map(({ name, cpu, wall, memory }) => [
    name,
    cpu.toFixed(0),
    wall.toFixed(0),
    memory.toFixed(0),
  ]);
  return (
    'The whole process, for one file of JSON lines of this package, four to a request, with colours, ' +
    'to the null device. Each is checked to tell every line.\n\n' +
    markdownTable(['', 'CPU ms', 'from start to end, ms', 'MB at most'], rows)
  );
}

function longRunTable(runs: LongRun[]): string {
  if (runs.length === 0) return '';
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  return markdownTable(
    [
      '',
      'requests',
      'CPU µs, early',
      'late',
      'heap MB, early',
      'late',
      'RSS MB, early',
      'late',
      '',
    ],
    runs.map((run) => [
      `${run.variant.name}, ${run.platform}`,
      run.requests.toLocaleString('en'),
      ...[run.early.cpu, run.late.cpu].map((cpu) => cpu.toFixed(0)),
      ...[run.early.heapUsed, run.late.heapUsed].map(megabytes),
      ...[run.early.rss, run.late.rss].map(megabytes),
      memoryStays(run) ? 'stays' : 'grows',
    ]),
  );
}

function inFlightTable(timings: InFlightTiming[]): string {
  if (timings.length === 0) return '';
  return markdownTable(
    [
      'µs that nestjs-tracing adds',
      ...inFlight.map((count) => `${count.toLocaleString('en')} in flight`),
    ],
    timings.map(({ platform, added: over }) => [platform, ...over.map((us) => us.toFixed(0))]),
  );
}

function failureList(failures: Failure[]): string[] {
  const line = ({ variant, platform, reason }: Failure) =>
    `- ${variant.name}, ${platform}: ${reason}`;
  return section('### Failing, and therefore not timed', failures.map(line).join('\n'));
}

function section(title: string, body: string): string[] {
  return body === '' ? [] : [title, body];
}
