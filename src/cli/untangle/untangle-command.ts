import { Command, InvalidArgumentError, Option } from '../command-parser.js';
import { LEVEL_NAMES, severityOf } from '../../records/severity.js';
import { parseTime, TIME_FORMS } from '../time-argument.js';
import { textMatcher, type TextMatcher } from './grep-pattern.js';
import { parseStatus, type StatusRange } from './status-range.js';
import { untangle, type UntangleOptions } from './untangle.js';

const NOTES = `
Lines are grouped by request. A request is shown when it ends, so requests are in the order in
which they ended; one that does not end, or not for a long time, is shown as far as it is known.
Lines outside of requests are shown alone, and so is text that is no entry, unless a filter is
given: without its colours, and with all other control characters escaped. Standard error says how
many lines could not be read. Ids, --route and --service are exact, or end with *. A request has to
match all filters, but of --errors and --slower-than only one. A pattern must not be able to take
very long: one * or +, and no repeated group.

JSON and the text format of nestjs-tracing are read, by themselves or behind the prefixes of docker
compose, kubectl, stern, CRI, journald, syslog, pm2, Heroku and aws logs tail, and in the JSON of
docker, Kubernetes, journald, CloudWatch and Lambda. A prefix names the service of lines that name
none.

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
  nestjs-tracing untangle --summary --since 2h app.log
  docker compose logs | nestjs-tracing untangle --route '/users/:id' --status 5xx
  nestjs-tracing untangle --slower-than 500 --html slow.html app.log
  kubectl logs -f deploy/payments | nestjs-tracing untangle --session abc12345
`;

/** The command `untangle`. It passes its exit code to `onExit`. */
export function untangleCommand(onExit: (code: number) => void): Command {
  return new Command('untangle')
    .description('group the mixed lines of a log by request')
    .argument('[files...]', 'log files, also gzip and zstd; - or none for standard input')
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
    .option('-g, --grep <text>', 'requests and lines with this text, or matching /this/', pattern)
    .option('--route <route>', 'requests of a route, as in /users/:id or "GET /users/:id"')
    .option('--status <status>', 'requests with a status: 404, 5xx, ">=400", 404,5xx', status)
    .option('--service <name>', 'requests and lines of a service')
    .option('--since <time>', `what ended at that time or later: ${TIME_FORMS}`, time)
    .option('--until <time>', 'what began at that time or earlier', time)
    .option('-n, --limit <count>', 'so many requests and lines; rows of a summary', count)
    .addOption(
      new Option('--sort <by>', 'slowest requests first, by default 100').choices(['duration']),
    )
    .option('--summary', 'requests, errors and durations of each route, and the errors instead')
    .option('--json', 'one JSON object for each request and line, or for the summary')
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

function pattern(text: string): TextMatcher {
  const matcher = textMatcher(text);
  if (typeof matcher === 'function') return matcher;
  throw new InvalidArgumentError(matcher);
}

function status(text: string): readonly StatusRange[] {
  const ranges = parseStatus(text);
  if (ranges !== undefined) return ranges;
  throw new InvalidArgumentError('Not a status, such as 404, 5xx or ">=400".');
}

function time(text: string): number {
  const ms = parseTime(text, Date.now());
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(`Not a time, such as ${TIME_FORMS}.`);
}

function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Not a number of 1 to 9999999.');
}

function level(text: string): number {
  const severity = severityOf(text);
  if (severity !== undefined) return severity;
  throw new InvalidArgumentError(`Not one of ${LEVEL_NAMES.join(', ')}.`);
}
