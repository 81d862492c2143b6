/** From most to least talkative: the words of loggers, syslog and the backends. */
const WORDS: readonly (readonly string[])[] = [
  ['trace', 'silly', 'all'],
  ['debug', 'verbose', 'fine', 'finer', 'finest', 'config'],
  ['info', 'information', 'informational', 'log', 'http', 'notice', 'default', 'ok', 'success'],
  ['warn', 'warning', 'minor'],
  ['error', 'err', 'severe', 'major'],
  ['fatal', 'critical', 'crit', 'alert', 'emergency', 'emerg', 'panic', 'dpanic'],
];

/** The levels by the name under which they are shown, least severe first. */
export const LEVEL_NAMES: readonly string[] = WORDS.map(([name]) => name!);

const SEVERITIES: ReadonlyMap<string, number> = new Map(
  WORDS.flatMap((words, severity) => words.map((word) => [word, severity] as const)),
);

const INFO = 2;
const ERROR = 4;
/** pino and Bunyan count from 10 for `trace` to 60 for `fatal`. */
const PINO_STEP = 10;
/** OpenTelemetry has four numbers for each level, from 1. */
const OTEL_STEP = 4;

/** How severe a level is; `undefined` for a word that no known logger uses. */
export function severityOf(level: string): number | undefined {
  return SEVERITIES.get(level) ?? SEVERITIES.get(level.toLowerCase());
}

/** Whether lines of this severity tell of a failure. */
export function isErrorSeverity(severity: number): boolean {
  return severity >= ERROR;
}

/** What is known of a line's level. */
export interface Level {
  readonly name: string;
  readonly severity: number;
}

const NO_LEVEL: Level = { name: '', severity: INFO };
const known = new Map<unknown, Level>();
const MAX_KNOWN = 64;

/** A level as a logger writes it: a word, or pino's number. */
export function levelOf(value: unknown): Level {
  let level = known.get(value);
  if (level === undefined) {
    level = readLevel(value);
    if (known.size < MAX_KNOWN) known.set(value, level);
  }
  return level;
}

function readLevel(value: unknown): Level {
  if (typeof value === 'number') {
    return numbered(Math.floor(value / PINO_STEP) - 1, value);
  }
  if (typeof value !== 'string' || value === '') return NO_LEVEL;
  return { name: value.toLowerCase(), severity: severityOf(value) ?? INFO };
}

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
export function otelLevel(severityNumber: number): Level {
  return numbered(Math.floor((severityNumber - 1) / OTEL_STEP), severityNumber);
}

function numbered(step: number, value: number): Level {
  const severity = Math.min(Math.max(step, 0), LEVEL_NAMES.length - 1);
  return Number.isFinite(value) ? { name: LEVEL_NAMES[severity]!, severity } : NO_LEVEL;
}
