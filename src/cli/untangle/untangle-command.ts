import { Command, InvalidArgumentError, Option } from '../command-parser.js';
import { LEVEL_NAMES, severityOf } from '../../records/severity.js';
import { parseTime, TIME_FORMS } from '../time-argument.js';
import { textMatcher, type TextMatcher } from './grep-pattern.js';
import { parseStatus, type StatusRange } from './status-range.js';
import { untangle, type UntangleOptions } from './untangle.js';

const NOTES = `
What is shown:
Lines are grouped by request. A request is shown when it ends, so requests are shown in the order
in which they end. A request that does not end, or not for a long time, is shown as far as it is
known. Lines outside of requests are shown on their own. So is text that is not a log entry, unless
a filter is given; its colours are removed, and its other control characters are escaped. Standard
error says how many lines could not be read.

Filters:
A request has to match all filters; of --errors and --slower-than, it has to match one. Ids, --route
and --service have to be equal; end the value with * to match its beginning. A pattern of --grep may
have one * or +, and no repeated group, so that it cannot take very long.

What is read:
JSON and the text format of nestjs-tracing; and the field names of its presets, pino-http,
nestjs-pino, OpenTelemetry, ECS, GCP, Datadog and other loggers. Lines may have the prefixes of
docker compose, kubectl, stern, CRI, journald, syslog, pm2, Heroku and aws logs tail, or be inside
the JSON of docker, Kubernetes, journald, CloudWatch and Lambda. The prefix names the service of
lines that do not name one.

--html writes a new file, or to standard output for -. It replaces an existing file only with
--force, and never one of the files to read.

--follow reads the file from its beginning and then waits for more. Ctrl+C shows unfinished
requests.
For new lines only: tail -n 0 -F app.log | nestjs-tracing untangle

Colours: --color or --no-color decides, else NO_COLOR or FORCE_COLOR. Without any of them, colours
are used on a terminal.

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
    .option(
      '-e, --errors',
      'requests that failed: status 500 or more, outcome errored, or a line at error',
    )
    .option(
      '--slower-than <ms>',
      'requests that took longer than this, in milliseconds',
      milliseconds,
    )
    .option(
      '-l, --level <level>',
      `lines at this level or a more severe one: ${LEVEL_NAMES.join(', ')}`,
      level,
    )
    .option(
      '-g, --grep <text>',
      'requests and lines that contain this text, or match /this pattern/',
      pattern,
    )
    .option('--route <route>', 'requests of this route: /users/:id or "GET /users/:id"')
    .option('--status <status>', 'requests with this status: 404, 5xx, ">=400" or 404,5xx', status)
    .option('--service <name>', 'requests and lines of this service')
    .option(
      '--since <time>',
      `requests and lines that ended at this time or later: ${TIME_FORMS}`,
      time,
    )
    .option('--until <time>', 'requests and lines that began at this time or earlier', time)
    .option(
      '-n, --limit <count>',
      'show at most this many requests and lines, or rows of a summary',
      count,
    )
    .addOption(
      new Option(
        '--sort <by>',
        'show the slowest requests first (100, unless --limit is given)',
      ).choices(['duration']),
    )
    .option(
      '--summary',
      'print a summary instead: requests, errors and durations by route, and the most frequent errors',
    )
    .option('--json', 'print one JSON object for each request and line, or for the summary')
    .option('-f, --follow', 'wait for new lines, also after the file has been rotated or emptied')
    .option(
      '--html <file>',
      'write an HTML page (the trace viewer) instead, with the newest 5,000 requests and 50,000 lines',
    )
    .option('--force', 'let --html replace an existing file, but never one of the files to read')
    .option('--color', 'use colours')
    .option('--no-color', 'do not use colours')
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
  throw new InvalidArgumentError('Not a number from 1 to 9999999.');
}

function level(text: string): number {
  const severity = severityOf(text);
  if (severity !== undefined) return severity;
  throw new InvalidArgumentError(`Not one of ${LEVEL_NAMES.join(', ')}.`);
}
