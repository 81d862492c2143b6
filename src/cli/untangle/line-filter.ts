import { ERROR_SEVERITY } from '../../records/severity.js';
import type { LogLine } from './log-line.js';
import type { RequestGroup } from './request-groups.js';

/** Which requests and lines are shown: all by default. */
export interface FilterOptions {
  /** Ids, exact or up to a `*`. */
  readonly request?: string | undefined;
  readonly session?: string | undefined;
  readonly trace?: string | undefined;
  readonly errors?: boolean | undefined;
  /** Milliseconds. */
  readonly slowerThan?: number | undefined;
  /** The least severity of a line. */
  readonly severity?: number | undefined;
}

type IdName = 'request' | 'session' | 'trace';
type Matcher = (line: LogLine) => boolean;

const SERVER_ERROR = 500;
// JSON can write any character in two ways, and some encoders do so with `/`, `=` or `+`.
const WRITTEN_ONE_WAY = /^[\w.:@-]+$/;

/** Decides which requests and lines are shown. */
export class LineFilter {
  readonly isActive: boolean;
  /** Bytes that every matching line contains; `undefined` where there are none for certain. */
  readonly needle: Buffer | undefined;
  private readonly ids: readonly Matcher[];

  constructor(private readonly options: FilterOptions) {
    this.isActive = Object.values(options).some((value) => value !== undefined);
    this.ids = (['request', 'session', 'trace'] as const).flatMap((name) => {
      const wanted = options[name];
      return wanted === undefined ? [] : idMatcher(name, wanted);
    });
    // Only the request id is certain to be on every line of its request.
    const text = options.request?.replace(/\*$/, '') ?? '';
    this.needle = WRITTEN_ONE_WAY.test(text) ? Buffer.from(text) : undefined;
  }

  /** Whether a line that belongs to no request is shown. */
  passesAlone(line: LogLine): boolean {
    if (this.options.slowerThan !== undefined) return false;
    if (this.options.errors && line.severity < ERROR_SEVERITY) return false;
    return this.ids.every((matches) => matches(line)) && this.passesLevel(line);
  }

  passesGroup(group: RequestGroup): boolean {
    if (!this.isActive) return true;
    const lines =
      group.accessLogLine === undefined ? group.lines : [...group.lines, group.accessLogLine];
    if (!lines.some((line) => this.passesLevel(line))) return false;
    if (group.wasShown) return true;
    return (
      this.ids.every((matches) => lines.some(matches)) &&
      (!this.options.errors || lines.some(isFailure)) &&
      this.passesDuration(lines)
    );
  }

  /** Whether a line is shown in a group that is shown. */
  passesLevel(line: LogLine): boolean {
    const { severity } = this.options;
    return severity === undefined || line.severity >= severity;
  }

  /** For a request that has not ended, by its duration so far. */
  private passesDuration(lines: readonly LogLine[]): boolean {
    const { slowerThan } = this.options;
    if (slowerThan === undefined) return true;
    const last = lines.at(-1);
    const elapsed = (last?.time ?? 0) - (lines[0]?.time ?? 0);
    return (last?.requestFields?.duration_ms ?? elapsed) > slowerThan;
  }
}

function idMatcher(name: IdName, wanted: string): Matcher {
  if (!wanted.endsWith('*')) return (line) => line[name] === wanted;
  const beginning = wanted.slice(0, -1);
  return (line) => line[name]?.startsWith(beginning) === true;
}

function isFailure({ severity, requestFields }: LogLine): boolean {
  return (
    severity >= ERROR_SEVERITY ||
    requestFields?.outcome === 'errored' ||
    (requestFields?.status_code ?? 0) >= SERVER_ERROR
  );
}
