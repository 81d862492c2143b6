import { openSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { parseArgs } from 'node:util';
import { checkOutput } from './check-output.js';
import { type ClientCallSizes, timeClientCalls } from './client-calls.js';
import { timeLogLines } from './log-line.js';
import { timeInFlight } from './in-flight.js';
import { type LongRun, watchLongRun } from './long-run.js';
import { report } from './report.js';
import { type Contender, type Failure, timeInRounds } from './rounds.js';
import { platforms } from './server-host.js';
import { type SpanSizes, timeSpans } from './span.js';
import type { TimingSizes } from './timing.js';
import { type ReaderSizes, timeReaders } from './untangle.js';
import { bare, ours, parts, pino, type Variant, variants, viewers } from './variant-list.js';

const full: TimingSizes = {
  rounds: 5,
  warmUp: 5_000,
  saturated: 4_000,
  steady: 1_500,
  rate: 1_500,
};
/** More rounds: the differences to be measured are about one percent. */
const fullViewer: TimingSizes = { ...full, rounds: 7, steady: 8_000, rate: 2_000 };
const quick: TimingSizes = { rounds: 1, warmUp: 1_000, saturated: 1_000, steady: 600, rate: 1_500 };
const logLineRounds = 3;
const inFlightRounds = 5;
/** Of this package; others are only watched until it shows. */
const longRun = 1_000_000;
const shortRun = 200_000;
const fullSpans: SpanSizes = { rounds: 3, requests: 20_000 };
const quickSpans: SpanSizes = { rounds: 1, requests: 500 };
const fullCalls: ClientCallSizes = { rounds: 3, requests: 1_500 };
const quickCalls: ClientCallSizes = { rounds: 1, requests: 50 };
const fullLog: ReaderSizes = { rounds: 5, megabytes: 150 };
const quickLog: ReaderSizes = { rounds: 1, megabytes: 5 };

const { values: flags } = parseArgs({
  options: {
    /** For CI: every check, and a timing too short to be believed. */
    quick: { type: 'boolean', default: false },
    /** The libraries alone, which is what another version of Node may change. */
    requests: { type: 'boolean', default: false },
    /** What the pieces of Nest cost, instead of the libraries. */
    parts: { type: 'boolean', default: false },
    /** Measure the cost of the trace viewer, instead of the libraries. */
    viewer: { type: 'boolean', default: false },
    /** What one span costs, and nothing else. */
    spans: { type: 'boolean', default: false },
    /** What one call of a client library costs, and nothing else. */
    clients: { type: 'boolean', default: false },
    /** What it takes to read a log, and nothing else. */
    untangle: { type: 'boolean', default: false },
  },
});

const sizes = flags.quick ? quick : flags.viewer ? fullViewer : full;
const isPart =
  flags.requests || flags.parts || flags.viewer || flags.spans || flags.clients || flags.untangle;
const isComplete = !flags.quick && !isPart;
const nowhere = openSync(devNull, 'w');
const served = servedVariants();
const contenders = platforms.flatMap((platform) =>
  served.map((variant): Contender => ({ variant, platform })),
);

const unsound = await check(contenders);
const sound = contenders.filter(
  (contender) => !unsound.some((failed) => isSame(failed, contender)),
);
const { measured, failures } = await timeInRounds(sound, sizes, nowhere, announce);
failures.unshift(...unsound);
const logLines = isComplete ? await timeLogLines(logLineRounds, nowhere, announce) : [];
const spans =
  isPart && !flags.spans
    ? []
    : await timeSpans(flags.quick ? quickSpans : fullSpans, nowhere, announce);
const clientCalls =
  isPart && !flags.clients
    ? []
    : await timeClientCalls(flags.quick ? quickCalls : fullCalls, nowhere, announce);
const readers =
  isPart && !flags.untangle
    ? []
    : await timeReaders(flags.quick ? quickLog : fullLog, nowhere, announce);
const inFlight = isComplete ? await timeInFlight(inFlightRounds, nowhere, announce) : [];
const longRuns = isComplete ? await watchLongRuns(failures) : [];

const text = report({
  sizes,
  measured,
  failures,
  logLines,
  spans,
  clientCalls,
  readers,
  inFlight,
  longRuns,
  isJudged: isComplete || flags.requests,
});
console.log(`\n${text}`);
if (isComplete) {
  writeFileSync(new URL('../../test/benchmarks/results.md', import.meta.url), text);
}
const isSpanMissing = spans.some(({ nanoseconds }) => Number.isNaN(nanoseconds));
const isCallMissing = clientCalls.some(({ nanoseconds }) => Number.isNaN(nanoseconds));
const isReaderMissing = readers.some(({ cpu }) => Number.isNaN(cpu));
process.exitCode = failures.length > 0 || isSpanMissing || isCallMissing || isReaderMissing ? 1 : 0;

function servedVariants(): readonly Variant[] {
  if (flags.spans || flags.clients || flags.untangle) return [];
  if (flags.parts) return [bare, ...parts];
  return flags.viewer ? [bare, ours, ...viewers] : variants;
}

async function check(contenders: Contender[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const contender of contenders) {
    const { variant, platform } = contender;
    const reason = await checkOutput(variant, platform);
    announce(`checked: ${variant.name}, ${platform}: ${reason ?? 'sound'}`);
    if (reason !== undefined) failures.push({ ...contender, reason });
  }
  return failures;
}

async function watchLongRuns(failures: Failure[]): Promise<LongRun[]> {
  const runs: LongRun[] = [];
  for (const { variant, platform } of sound) {
    if (variant !== ours && variant !== pino) continue;
    announce(`long run: ${variant.name}, ${platform}`);
    const requests = variant === ours ? longRun : shortRun;
    try {
      runs.push(await watchLongRun(variant, platform, requests, nowhere));
    } catch (error) {
      failures.push({ variant, platform, reason: `under load: ${String(error)}` });
    }
  }
  return runs;
}

function isSame(one: Contender, other: Contender): boolean {
  return one.variant === other.variant && one.platform === other.platform;
}

// Progress is not output: `npm run bench > file` keeps the tables alone.
function announce(progress: string): void {
  process.stderr.write(`${progress}\n`);
}
