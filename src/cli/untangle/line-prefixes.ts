import type { LineOrigin } from './line-origin.js';

/** A prefix that was recognized: what it says, and where the line behind it begins. */
export interface LinePrefix extends LineOrigin {
  readonly end: number;
  /** Whether the line continues in the next one of its channel. */
  readonly isPartial: boolean;
}

type Groups = Readonly<Record<string, string | undefined>>;

interface Shape {
  readonly pattern: RegExp;
  /** The name of the service in the prefix. */
  readonly service?: (groups: Groups) => string | undefined;
  /** Whether a time may follow, as with `--timestamps`. */
  readonly mayHaveTime?: true;
}

// Every repetition is bounded and followed by what it cannot contain, so no prefix takes long.
const ISO = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`;
const TIME = `(?<time>${ISO})`;
const BSD_TIME = String.raw`(?<bsd>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)`;
const shape = (pattern: string, more: Omit<Shape, 'pattern'> = {}): Shape => ({
  pattern: new RegExp(pattern, 'y'),
  ...more,
});

/** `app-1` and `app_1` are the first container of `app`. */
const REPLICA = /[-_]\d{1,5}$/;
const UNIT = /\.(?:service|scope)$/;

const SHAPES: readonly Shape[] = [
  // docker compose: `app-1  | `
  shape(String.raw`(?<source>\w[\w.-]{0,127}) {1,128}\| ?`, {
    service: ({ source }) => source?.replace(REPLICA, ''),
    mayHaveTime: true,
  }),
  // kubectl logs --prefix: `[pod/payments-7d9f/app] `
  shape(String.raw`\[pod/(?<source>[\w.-]{1,253}/(?<service>[\w.-]{1,128}))\] `, {
    mayHaveTime: true,
  }),
  // CRI: `2026-11-27T10:00:00.123456789Z stdout F `
  shape(String.raw`${TIME} (?<stream>stdout|stderr) (?<tag>[FP])(?::[\w:]{0,64})? `),
  // pm2: `0|app  | `
  shape(String.raw`(?<source>\d{1,5}\|(?<service>\w[\w.@/-]{0,127})) {0,128}\| ?`, {
    mayHaveTime: true,
  }),
  // Heroku: `2026-11-27T10:00:00.123456+00:00 app[web.1]: `
  shape(
    String.raw`${TIME} (?<source>\w[\w-]{0,63}\[(?<service>[A-Za-z][\w-]{0,63})(?:\.\w{1,64})?\]): `,
  ),
  // journald's short forms, and syslog's files: `Nov 27 10:00:00 host unit[123]: `
  shape(
    String.raw`(?:<\d{1,3}>)?(?:${BSD_TIME}|${TIME}) (?<source>[\w.:-]{1,255} (?<service>[\w@./\\:-]{1,128}?)(?:\[\d{1,10}\])?): `,
    { service: ({ service }) => service?.replace(UNIT, '') },
  ),
  // RFC 5424: `<34>1 2026-11-27T10:00:00.003Z host app 123 ID - `
  shape(
    String.raw`(?:<\d{1,3}>)?1 (?:-|${TIME}) (?<source>[!-~]{1,255} (?<service>[!-~]{1,48}) [!-~]{1,128}) [!-~]{1,32} (?:-|(?:\[[^\]\n]{1,1000}\]){1,8}) (?:\ufeff)?`,
  ),
  // stern: `payments-7d9f8b6c5-x2x4z app `
  shape(
    String.raw`(?<source>(?=[a-z\d.]{1,250}-)[a-z\d][a-z\d.-]{0,252} (?<service>[a-z\d][a-z\d-]{0,62})) `,
    { mayHaveTime: true },
  ),
  // The text form of Lambda's logs: time, request id and level
  shape(String.raw`${TIME}\t[\w-]{1,64}\t[A-Z]{3,8}\t`),
  // aws logs tail: `2026-11-27T10:00:00.123000+00:00 2026/11/27/[$LATEST]58419525 `
  shape(String.raw`${TIME} (?<source>(?=[^/\s]{1,250}/)[!-~]{1,512}) `),
  // kubectl logs --timestamps, docker logs -t, and the files of pm2: `2026-11-27T10:00:00: `, but not
  // the time of an entry of the text format.
  shape(String.raw`${TIME}:? (?!- )`),
];
const TIME_ALONE = SHAPES.at(-1)!;

/** Reads the prefixes that runtimes and log shippers put in front of a line. */
export class LinePrefixes {
  /** A log has few shapes: the last one is tried first. */
  private last: Shape = SHAPES[0]!;

  /** The prefix of a line without colours; `undefined` for a line that has none that is known. */
  read(text: string): LinePrefix | undefined {
    const match = exec(this.last, text, 0) ?? this.searched(text);
    if (match === undefined) return undefined;
    const { groups, end } = match;
    const source = groups['source'] ?? '';
    const { stream, bsd, tag } = groups;
    const time = this.last.mayHaveTime ? exec(TIME_ALONE, text, end) : undefined;
    return {
      source,
      channel: stream === undefined ? source : `${source}\n${stream}`,
      service: this.last.service === undefined ? groups['service'] : this.last.service(groups),
      time: time?.groups['time'] ?? groups['time'] ?? (bsd && withYear(bsd)),
      end: time?.end ?? end,
      isPartial: tag === 'P',
    };
  }

  private searched(text: string): Match | undefined {
    for (const one of SHAPES) {
      const match = exec(one, text, 0);
      if (match === undefined) continue;
      this.last = one;
      return match;
    }
    return undefined;
  }
}

interface Match {
  readonly groups: Groups;
  readonly end: number;
}

function exec({ pattern }: Shape, text: string, from: number): Match | undefined {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? undefined : { groups: match.groups ?? {}, end: pattern.lastIndex };
}

/** `Nov 27 10:00:00` is of the last twelve months, and local. */
function withYear(text: string): number | undefined {
  const now = Date.now();
  const year = new Date(now).getFullYear();
  const ms = Date.parse(`${text} ${year}`);
  if (Number.isNaN(ms)) return undefined;
  const DAY_MS = 86_400_000;
  return ms > now + DAY_MS ? Date.parse(`${text} ${year - 1}`) : ms;
}
