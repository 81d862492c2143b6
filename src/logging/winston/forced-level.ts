import type { Logger } from 'winston';
import { FORCED, SEEN } from './captured-entry.js';
import { LEVEL } from './winston-symbols.js';

/** What a transport filters by: its own level, or else that of its logger. */
interface LeveledTransport {
  level?: string | undefined;
  levels?: Readonly<Record<string, number>>;
  parent?: Logger | null;
}

/** For a forced entry that is not for this transport. */
export const LEFT_OUT: unique symbol = Symbol('left out');

/**
 * The level that a transport needs for an entry that is written although the logger's level would
 * leave it out; `undefined` for any other entry.
 */
export function forcedLevel(
  transport: LeveledTransport,
  entry: unknown,
): string | typeof LEFT_OUT | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const limit: unknown = Reflect.get(entry, FORCED);
  const level: unknown = Reflect.get(entry, LEVEL);
  if (typeof limit !== 'number' || typeof level !== 'string') return undefined;
  return takesForced(transport, entry, limit) ? level : LEFT_OUT;
}

/**
 * Whether a transport gets an entry that is written although the logger's level would leave it out:
 * if it has entries as verbose as the logger's most verbose ones, and has not had this one.
 */
export function takesForced(
  { level, levels, parent }: LeveledTransport,
  entry: object,
  limit: number,
): boolean {
  const known = levels ?? parent?.levels;
  const own = known?.[parent?.level ?? ''];
  const reached = level === undefined ? own : (known?.[level] ?? own);
  if (reached === undefined) return true;
  if (Reflect.get(entry, SEEN) === 'transports') {
    const severity = known?.[String(Reflect.get(entry, LEVEL))];
    if (severity !== undefined && reached >= severity) return false;
  }
  return reached >= limit;
}

/** Runs what filters by the level of a transport as if it had another. */
export function atLevel<T>(transport: LeveledTransport, level: string, fn: () => T): T {
  const { level: own } = transport;
  try {
    transport.level = level;
    return fn();
  } finally {
    transport.level = own;
  }
}
