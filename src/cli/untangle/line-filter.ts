import { accessLogText } from '../../records/access-log-text.js';
import { ERROR_SEVERITY } from '../../records/severity.js';
import { plain } from './colors.js';
import type { TextMatcher } from './grep-pattern.js';
import { idOf, isFailedLine, requestFieldsOf, spanOfTime } from './group-summary.js';
import { lineErrorText } from './line-error.js';
import type { LogLine } from './log-line.js';
import { lineText } from './line-text.js';
import type { RequestGroup } from './request-groups.js';
import { hasStatus, type StatusRange } from './status-range.js';

/** Which requests and lines are shown: all by default. */
export interface FilterOptions {
  /** Ids and names, exact or up to a `*`. */
  readonly request?: string | undefined;
  readonly session?: string | undefined;
  readonly trace?: string | undefined;
  readonly service?: string | undefined;
  /** The template of a route, or a path where none is known; a method may be in front of it. */
  readonly route?: string | undefined;
  readonly status?: readonly StatusRange[] | undefined;
  readonly errors?: boolean | undefined;
  /** Milliseconds. With `errors`, requests that are either are shown. */
  readonly slowerThan?: number | undefined;
  /** The least severity of a line. */
  readonly severity?: number | undefined;
  /** Matches the text of a line. */
  readonly grep?: TextMatcher | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

type IdName = 'request' | 'session' | 'trace';
type Matcher = (line: LogLine) => boolean;
type TextTest = (text: string | undefined) => boolean;

// JSON can write any character in two ways, and some encoders do so with `/`, `=` or `+`.
const WRITTEN_ONE_WAY = /^[\w.:@-]+$/;

/** Decides which requests and lines are shown. */
export class LineFilter {
  readonly isActive: boolean;
  /** Bytes that every matching line contains; `undefined` where there are none for certain. */
  readonly needle: Buffer | undefined;
  private readonly ids: readonly Matcher[];
  private readonly service: TextTest | undefined;
  private readonly route: TextTest | undefined;

  constructor(private readonly options: FilterOptions) {
    this.isActive = Object.values(options).some((value) => value !== undefined);
    this.ids = (['request', 'session', 'trace'] as const).flatMap((name) => {
      const wanted = options[name];
      return wanted === undefined ? [] : idMatcher(name, wanted);
    });
    this.service = textTest(options.service);
    this.route = textTest(options.route);
    // Only the request id is certain to be on every line of its request.
    const text = options.request?.replace(/\*$/, '') ?? '';
    this.needle = WRITTEN_ONE_WAY.test(text) ? Buffer.from(text) : undefined;
  }

  /** Whether a line that belongs to no request is shown. */
  passesAlone(line: LogLine): boolean {
    if (!this.isActive) return true;
    const { errors, slowerThan, status, grep } = this.options;
    if (this.route !== undefined || status !== undefined) return false;
    if ((errors || slowerThan !== undefined) && !(errors && line.severity >= ERROR_SEVERITY)) {
      return false;
    }
    if (this.service !== undefined && !this.service(line.service)) return false;
    if (!this.passesTime(line.time, line.time)) return false;
    if (!this.ids.every((matches) => matches(line)) || !this.passesLevel(line)) return false;
    return grep === undefined || grep(searchedText(line));
  }

  /** Whether text that is no entry is shown: it has nothing else to look for. */
  passesText(text: () => string): boolean {
    if (!this.isActive) return true;
    const { grep, ...others } = this.options;
    const isOnlyGrep = Object.values(others).every((value) => value === undefined);
    return isOnlyGrep && grep !== undefined && grep(text());
  }

  passesGroup(group: RequestGroup): boolean {
    if (!this.isActive) return true;
    const lines =
      group.accessLogLine === undefined ? group.lines : [...group.lines, group.accessLogLine];
    if (!lines.some((line) => this.passesLevel(line))) return false;
    if (group.wasShown) return true;
    const { grep } = this.options;
    return (
      this.ids.every((matches) => lines.some(matches)) &&
      this.passesFailureOrDuration(lines) &&
      this.passesRequest(group) &&
      (grep === undefined || lines.some((line) => grep(searchedText(line))))
    );
  }

  /** Whether a line is shown in a group that is shown. */
  passesLevel(line: LogLine): boolean {
    const { severity } = this.options;
    return severity === undefined || line.severity >= severity;
  }

  private passesFailureOrDuration(lines: readonly LogLine[]): boolean {
    const { errors, slowerThan } = this.options;
    if (!errors && slowerThan === undefined) return true;
    return (errors === true && lines.some(isFailedLine)) || this.isSlow(lines);
  }

  /** For a request that has not ended, by its duration so far. */
  private isSlow(lines: readonly LogLine[]): boolean {
    const { slowerThan } = this.options;
    if (slowerThan === undefined) return false;
    const last = lines.at(-1);
    const elapsed = (last?.time ?? 0) - (lines[0]?.time ?? 0);
    return (last?.requestFields?.duration_ms ?? elapsed) > slowerThan;
  }

  private passesRequest(group: RequestGroup): boolean {
    const { status: statuses, since, until } = this.options;
    if (this.service !== undefined && !this.service(idOf(group, 'service'))) return false;
    if (since !== undefined || until !== undefined) {
      const { from, to } = spanOfTime(group);
      if (!this.passesTime(from, to)) return false;
    }
    if (this.route === undefined && statuses === undefined) return true;
    const { method, route, path, status_code: status } = requestFieldsOf(group);
    if (statuses !== undefined && !(status !== undefined && hasStatus(statuses, status))) {
      return false;
    }
    const where = route ?? path;
    return this.route === undefined || this.route(where) || this.route(`${method} ${where}`);
  }

  /** Whether what lasted from one time to another was in the wanted time. */
  private passesTime(from: number | undefined, to: number | undefined): boolean {
    const { since, until } = this.options;
    return !(
      (since !== undefined && !(to !== undefined && to >= since)) ||
      (until !== undefined && !(from !== undefined && from <= until))
    );
  }
}

function idMatcher(name: IdName, wanted: string): Matcher {
  const matches = textTest(wanted)!;
  return (line) => matches(line[name]);
}

/** Whether a text is the wanted one, or begins with what is before a `*`. */
function textTest(wanted: string | undefined): TextTest | undefined {
  if (wanted === undefined) return undefined;
  if (!wanted.endsWith('*')) return (text) => text === wanted;
  const beginning = wanted.slice(0, -1);
  return (text) => text?.startsWith(beginning) === true;
}

/** What can be found in a line, each on its own: what is shown of it, its ids and its error. */
function searchedText(line: LogLine): string {
  const { request, session, trace, requestFields, error } = line;
  let text = lineText(line, plain);
  if (requestFields !== undefined) {
    const { route = '', handler = '' } = requestFields;
    text += `\n${accessLogText(requestFields).trimStart()}\n${route}\n${handler}`;
  }
  for (const id of [request, session, trace]) if (id !== undefined) text += `\n${id}`;
  return error === undefined ? text : `${text}\n${lineErrorText(error)}`;
}
