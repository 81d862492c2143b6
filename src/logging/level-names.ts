import type { LogLevel } from '@nestjs/common';

/** The levels of a logger as winston has them: less is more severe. */
export type Levels = Readonly<Record<string, number>>;

/** NestJS's levels, least severe first. */
export const NEST_LEVELS: readonly LogLevel[] = [
  'verbose',
  'debug',
  'log',
  'warn',
  'error',
  'fatal',
];

/** The names of a NestJS level in winston: npm's, syslog's, or the nearest. */
const WINSTON_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  fatal: ['fatal', 'crit', 'critical', 'emerg', 'error'],
  error: ['error', 'major'],
  warn: ['warn', 'warning', 'minor'],
  log: ['info', 'notice'],
  debug: ['debug', 'verbose'],
  verbose: ['verbose', 'debug', 'silly', 'trace'],
};

/** winston's name for one of NestJS's levels: the first that the logger has, or the nearest. */
export function nameOfNestLevel(levels: Levels, level: LogLevel): string {
  const known = WINSTON_NAMES[level].find((name) => Object.hasOwn(levels, name));
  if (known !== undefined) return known;
  const bySeverity = Object.keys(levels).toSorted((a, b) => (levels[b] ?? 0) - (levels[a] ?? 0));
  const position = NEST_LEVELS.indexOf(level) / (NEST_LEVELS.length - 1);
  return bySeverity[Math.round(position * (bySeverity.length - 1))] ?? 'info';
}

/** The severities of NestJS's levels, for loggers that have not all of them. */
const nearest = new WeakMap<Levels, ReadonlyMap<string, number>>();

/**
 * The severity of a level, by the logger's name for it or by NestJS's; `undefined` for a level that
 * neither has.
 */
export function severityOf(levels: Levels, name: string): number | undefined {
  // `constructor` is no level, although every object has one.
  const own: unknown = levels[name];
  if (typeof own === 'number') return own;
  let known = nearest.get(levels);
  if (known === undefined) {
    known = new Map(NEST_LEVELS.map((one) => [one, levels[nameOfNestLevel(levels, one)] ?? 0]));
    nearest.set(levels, known);
  }
  return known.get(name);
}
