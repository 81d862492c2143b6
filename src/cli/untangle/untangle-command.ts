import { Command, InvalidArgumentError } from '../command-parser.js';
import { LEVEL_NAMES, severityOf } from '../../records/severity.js';
import { untangle, type UntangleOptions } from './untangle.js';

const NOTES = `
Lines are grouped by request. A request is shown when it ends, so requests are in the order in
which they ended; one that does not end, or not for a long time, is shown as far as it is known.
Lines outside of requests are shown alone, and so is text that is not JSON, unless a filter is
given: without its colours, and with all other control characters escaped. Ids are exact, or end
with *. With several filters, a request has to match all of them.

--html writes a new file, or to standard output for -. It replaces no file without --force, and
never one that is read.

Field names of nestjs-tracing and its presets, pino-http and nestjs-pino, OpenTelemetry, ECS, GCP,
Datadog and other loggers are recognized.

--follow reads the file from its beginning, then waits for more; Ctrl+C shows unfinished requests.
For new lines only: tail -n 0 -F app.log | nestjs-tracing untangle

Colours: --color and --no-color, else NO_COLOR and FORCE_COLOR, else on a terminal.

Exit code: 0; 1 if a file could not be read or no line passed the filters; 2 for wrong options;
130 after Ctrl+C while following or reading standard input.

Examples:
  nestjs-tracing untangle app.log
  nestjs-tracing untangle --errors app.log app.log.1.gz
  nestjs-tracing untangle --slower-than 500 --html slow.html app.log
  kubectl logs -f deploy/payments | nestjs-tracing untangle --session abc12345
`;

/** The command `untangle`. It passes its exit code to `onExit`. */
export function untangleCommand(onExit: (code: number) => void): Command {
  return new Command('untangle')
    .description('group the mixed lines of a JSON log by request')
    .argument('[files...]', 'log files, also gzip; - or none for standard input')
    .option('-r, --request <id>', 'the request with this id')
    .option('-s, --session <id>', 'requests of this session')
    .option('-t, --trace <id>', 'requests of this trace')
    .option('-e, --errors', 'requests that failed: an error line, status 500 or more, errored')
    .option('--slower-than <ms>', 'requests that took longer, in milliseconds', milliseconds)
    .option(
      '-l, --level <level>',
      `lines of this level and more severe ones: ${LEVEL_NAMES.join(', ')}`,
      level,
    )
    .option('-f, --follow', 'wait for new lines, also after the file was rotated or emptied')
    .option(
      '--html <file>',
      'write a page of the trace viewer instead: the newest 5,000 requests and 50,000 lines',
    )
    .option('--force', 'let the page replace a file, unless that is read')
    .option('--color', 'use colours')
    .option('--no-color', 'use none')
    .addHelpText('after', NOTES)
    .action(async (files: string[], flags: Flags) => {
      const { level: severity, ...options } = flags;
      onExit(await untangle(files, { ...options, severity }));
    });
}

interface Flags extends Omit<UntangleOptions, 'severity'> {
  readonly level?: number;
}

function milliseconds(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Not a number of milliseconds, such as 500.');
}

function level(text: string): number {
  const severity = severityOf(text);
  if (severity !== undefined) return severity;
  throw new InvalidArgumentError(`Not one of ${LEVEL_NAMES.join(', ')}.`);
}
