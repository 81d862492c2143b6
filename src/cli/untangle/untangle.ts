import { escapeText } from '../../records/control-characters.js';
import { colored, plain, wantsColors } from './colors.js';
import { HtmlSink } from './html-sink.js';
import { type FilterOptions, LineFilter } from './line-filter.js';
import { refuseOutputToSource } from './page-file.js';
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
  const { follow = false, html, force = false, color, ...filterOptions } = options;
  const filter = new LineFilter(filterOptions);
  const progress = new Progress(process.stderr, follow ? undefined : totalBytes(sources));
  if (html === undefined) refuseOutputToSource(sources);
  const page = html === undefined ? undefined : await HtmlSink.open(html, sources, filter, force);
  const sink = page ?? textSink(filter, color, progress);
  const untangler = new Untangler(sink, filter);
  const reading = new SourceReader(untangler, sink, progress);
  await (follow ? reading.follow(sources) : reading.readAll(sources));
  untangler.end();
  progress.clear();
  await sink.end();
  if (page !== undefined) process.stderr.write(`${escapeText(html!)}: ${page.summary}\n`);
  const unread = untangler.counts.report();
  if (unread !== undefined) process.stderr.write(`nestjs-tracing: ${unread}\n`);
  if (reading.hasFailed) return FAILED;
  if (reading.isInterrupted) return INTERRUPTED;
  return filter.isActive && !untangler.hasShown ? FAILED : 0;
}

function textSink(filter: LineFilter, color: boolean | undefined, progress: Progress): Sink {
  // The reader has closed the pipe, as `| head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const output = new StandardOutput(process.stdout, () => progress.clear());
  const isColored = wantsColors(color, process.env, process.stdout.isTTY);
  return new TextSink(output, filter, isColored ? colored : plain);
}
