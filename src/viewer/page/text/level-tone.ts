import { severityOf } from '../model/levels.js';

/** How bad a level is: what its colour shows, beside its name. */
export type LevelTone = 'debug' | 'info' | 'warn' | 'error';

export function levelTone(level: string): LevelTone {
  const severity = severityOf(level);
  if (severity >= severityOf('error')) return 'error';
  if (severity >= severityOf('warn')) return 'warn';
  return severity >= severityOf('info') ? 'info' : 'debug';
}
