import type { LogEntry } from '../system/log-entry.js';

const COLORS = [
  'blueBright',
  'magentaBright',
  'greenBright',
  'yellowBright',
  'cyanBright',
  'redBright',
] as const;

export type SessionColor = (typeof COLORS)[number];

/** A color for each session of a log, the same wherever that log is shown. */
export function sessionColors(log: readonly LogEntry[]): ReadonlyMap<string, SessionColor> {
  const sessions = [...new Set(log.map(({ session_id }) => session_id))].toSorted();
  return new Map(sessions.map((id, index) => [id, COLORS[index % COLORS.length]!]));
}
