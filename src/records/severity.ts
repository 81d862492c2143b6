/** The level names that lines are shown and filtered by, least severe first. */
export type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/**
 * The level names of loggers, syslog and log backends with their severity numbers in OpenTelemetry,
 * grouped by the level that each is shown as. `http` of winston is shown as `info`, where users
 * expect it, but has a number of `debug`, as in winston's own transport for OpenTelemetry.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
 */
const WORDS: Readonly<Record<LevelName, Readonly<Record<string, number>>>> = {
  trace: { trace: 1, silly: 1, all: 1, finest: 1 },
  debug: { debug: 5, verbose: 6, finer: 5, fine: 6, config: 7 },
  info: {
    ...{ info: 9, information: 9, informational: 9, log: 9, http: 8, notice: 10 },
    ...{ default: 9, ok: 9, success: 9 },
  },
  warn: { warn: 13, warning: 13, minor: 13 },
  error: { error: 17, err: 17, severe: 17, major: 17 },
  fatal: {
    ...{ fatal: 21, critical: 21, crit: 21, alert: 21, emergency: 21, emerg: 21 },
    ...{ panic: 21, dpanic: 21 },
  },
};

/** All level names, least severe first. The index of a name is its severity. */
export const LEVEL_NAMES = Object.keys(WORDS) as readonly LevelName[];

interface Word {
  readonly severity: number;
  readonly number: number;
}

const BY_WORD: ReadonlyMap<string, Word> = new Map(
  LEVEL_NAMES.flatMap((name, severity) =>
    Object.entries(WORDS[name]).map(([word, number]) => [word, { severity, number }] as const),
  ),
);

/** The severity of `info`, which is also used for unknown levels. */
export const INFO_SEVERITY = LEVEL_NAMES.indexOf('info');
/** The severity of `error`. Lines of this severity and above report a failure. */
export const ERROR_SEVERITY = LEVEL_NAMES.indexOf('error');

/** The severity of a level, from 0 for `trace` to 5 for `fatal`; `undefined` for an unknown name. */
export function severityOf(level: string): number | undefined {
  return wordOf(level)?.severity;
}

/** The severity number of a level in OpenTelemetry; 0 ("unspecified") for an unknown name. */
export function severityNumberOf(level: string): number {
  return wordOf(level)?.number ?? 0;
}

/**
 * The level of a severity number of OpenTelemetry, which has four numbers for each level;
 * `undefined` outside 1 to 24.
 */
export function levelOfSeverityNumber(severityNumber: number): LevelName | undefined {
  return LEVEL_NAMES[Math.ceil(severityNumber / 4) - 1];
}

function wordOf(level: string): Word | undefined {
  return BY_WORD.get(level) ?? BY_WORD.get(level.toLowerCase());
}
