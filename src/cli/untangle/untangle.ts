import { colored, plain, wantsColors } from './colors.js';
import { HtmlSink } from './html-sink.js';
import { type FilterOptions, LineFilter } from './line-filter.js';
import { Output } from './output.js';
import { Progress } from './progress.js';
import { Reading } from './reading.js';
import type { Sink } from './sink.js';
import { STDIN, totalBytes } from './sources.js';
import { TextSink } from './text-sink.js';
import { Untangler } from './untangler.js';

export interface UntangleOptions extends FilterOptions {
  readonly follow?: boolean | undefined;
  readonly html?: string | undefined;
  /** `undefined`: on a terminal, or as the environment says. */
  readonly color?: boolean | undefined;
}

const FAILED = 1;
/** As a shell says of a program that Ctrl+C has ended. */
const INTERRUPTED = 130;

/** Reads all sources and shows what they hold. Returns the exit code. */
export async function untangle(
  files: readonly string[],
  options: UntangleOptions,
): Promise<number> {
  const sources = files.length === 0 ? [STDIN] : files;
  const { follow = false, html, color, ...filterOptions } = options;
  const filter = new LineFilter(filterOptions);
  const progress = new Progress(process.stderr, follow ? undefined : totalBytes(sources));
  const page = html === undefined ? undefined : await HtmlSink.open(html, sources, filter);
  const sink = page ?? textSink(filter, color, progress);
  const untangler = new Untangler(sink, filter);
  const reading = new Reading(untangler, sink, progress);
  await (follow ? reading.follow(sources) : reading.readAll(sources));
  untangler.end();
  progress.clear();
  await sink.end();
  if (page !== undefined) process.stderr.write(`${html}: ${page.summary}\n`);
  if (reading.hasFailed) return FAILED;
  if (reading.isInterrupted) return INTERRUPTED;
  return filter.isActive && !untangler.hasShown ? FAILED : 0;
}

function textSink(filter: LineFilter, color: boolean | undefined, progress: Progress): Sink {
  // Whoever read this has seen enough, as in `| head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const output = new Output(process.stdout, () => progress.clear());
  const isColored = wantsColors(color, process.env, process.stdout.isTTY);
  return new TextSink(output, filter, isColored ? colored : plain);
}
