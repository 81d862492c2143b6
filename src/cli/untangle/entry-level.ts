import { INFO_SEVERITY, LEVEL_NAMES, severityOf } from '../../records/severity.js';

/** The level of a line. */
export interface Level {
  readonly name: string;
  readonly severity: number;
}

/** pino and Bunyan count from 10 for `trace` to 60 for `fatal`. */
const PINO_STEP = 10;
/** OpenTelemetry has four numbers for each level, from 1. */
const OTEL_STEP = 4;
const NO_LEVEL: Level = { name: '', severity: INFO_SEVERITY };

/** A log has few levels and many lines. */
const known = new Map<unknown, Level>();
const MAX_KNOWN = 64;
const MAX_KNOWN_CHARACTERS = 32;

/** A level as a logger writes it: a word, or pino's number. */
export function levelOf(value: unknown): Level {
  let level = known.get(value);
  if (level === undefined) {
    level = readLevel(value);
    const isShort = level.name.length <= MAX_KNOWN_CHARACTERS;
    if (isShort && known.size < MAX_KNOWN) known.set(value, level);
  }
  return level;
}

function readLevel(value: unknown): Level {
  if (typeof value === 'number') return numbered(Math.floor(value / PINO_STEP) - 1, value);
  if (typeof value !== 'string' || value === '') return NO_LEVEL;
  return { name: value.toLowerCase(), severity: severityOf(value) ?? INFO_SEVERITY };
}

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
export function otelLevel(severityNumber: number): Level {
  return numbered(Math.floor((severityNumber - 1) / OTEL_STEP), severityNumber);
}

/** A number below or above those of its logger is that of the nearest level. */
function numbered(step: number, value: number): Level {
  const severity = Math.min(Math.max(step, 0), LEVEL_NAMES.length - 1);
  return Number.isFinite(value) ? { name: LEVEL_NAMES[severity]!, severity } : NO_LEVEL;
}
