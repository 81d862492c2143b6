import { escapeText } from '../../records/control-characters.js';
import { colored, plain, wantsColors } from './colors.js';
import { HtmlSink } from './html-sink.js';
import { type FilterOptions, LineFilter } from './line-filter.js';
import { refuseOutputToSource } from './page-file.js';
import { JsonSink } from './json-sink.js';
import { ReadCounts } from './read-counts.js';
import { SlowestSink } from './slowest-sink.js';
import { SummarySink } from './summary-sink.js';
import { WrongUseError } from '../wrong-use.error.js';
import { StandardOutput } from './standard-output.js';
import { Progress } from './progress.js';
import { SourceReader } from './source-reader.js';
import type { Sink } from './sink.js';
import { STDIN, totalBytes } from './log-sources.js';
import { TextSink } from './text-sink.js';
import { Untangler } from './untangler.js';

export interface UntangleOptions extends FilterOptions {
  readonly follow?: boolean | undefined;
  readonly html?: string | undefined;
  /** Whether the page may take the place of an existing file. */
  readonly force?: boolean | undefined;
  /** How many requests are shown, or how many rows of each kind of a summary. */
  readonly limit?: number | undefined;
  /** Slowest requests first. */
  readonly sort?: 'duration' | undefined;
  readonly summary?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** `undefined`: as the environment says, else only on a terminal. */
  readonly color?: boolean | undefined;
}

const FAILED = 1;
/** The exit code by which shells report a program that Ctrl+C has ended. */
const INTERRUPTED = 130;

/** Reads all sources and shows their requests and lines. Returns the exit code. */
export async function untangle(
  files: readonly string[],
  options: UntangleOptions,
): Promise<number> {
  const sources = files.length === 0 ? [STDIN] : files;
  const { follow = false, html, force = false, color, limit, ...rest } = options;
  const { sort, summary = false, json = false, ...filterOptions } = rest;
  refuseTogether(options);
  const filter = new LineFilter(filterOptions);
  const progress = new Progress(process.stderr, follow ? undefined : totalBytes(sources));
  const counts = new ReadCounts();
  if (html === undefined) refuseOutputToSource(sources);
  const page = html === undefined ? undefined : await HtmlSink.open(html, sources, filter, force);
  const shown = page ?? outputSink(filter, counts, progress, { summary, json, color, limit });
  const isSorted = sort !== undefined;
  const sink = isSorted ? new SlowestSink(shown, limit) : shown;
  const most = isSorted || summary ? undefined : limit;
  const untangler = new Untangler(sink, filter, counts, most);
  const reading = new SourceReader(untangler, sink, progress);
  await (follow ? reading.follow(sources) : reading.readAll(sources));
  untangler.end();
  progress.clear();
  await sink.end();
  if (page !== undefined) process.stderr.write(`${escapeText(html!)}: ${page.summary}\n`);
  const unread = counts.report();
  if (unread !== undefined) process.stderr.write(`nestjs-tracing: ${unread}\n`);
  if (reading.hasFailed) return FAILED;
  if (reading.isInterrupted) return INTERRUPTED;
  return filter.isActive && !untangler.hasShown ? FAILED : 0;
}

/** @throws {WrongUseError} for options of which one would have no effect. */
function refuseTogether({ html, summary, json, sort }: UntangleOptions): void {
  const pairs: [string, string, boolean][] = [
    ['--html', '--summary', html !== undefined && summary === true],
    ['--html', '--json', html !== undefined && json === true],
    ['--summary', '--sort', summary === true && sort !== undefined],
  ];
  for (const [one, other, isGiven] of pairs) {
    if (isGiven) throw new WrongUseError(`${one} and ${other} cannot be used together`);
  }
}

function outputSink(
  filter: LineFilter,
  counts: ReadCounts,
  progress: Progress,
  { summary, json, color, limit }: Pick<UntangleOptions, 'summary' | 'json' | 'color' | 'limit'>,
): Sink {
  // The reader has closed the pipe, as `| head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const output = new StandardOutput(process.stdout, () => progress.clear());
  const isColored = wantsColors(color, process.env, process.stdout.isTTY);
  const paint = isColored ? colored : plain;
  if (summary) return new SummarySink(output, counts, { json: json === true, rows: limit, paint });
  return json ? new JsonSink(output, filter) : new TextSink(output, filter, paint);
}
