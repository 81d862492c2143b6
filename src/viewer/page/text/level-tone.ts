import { ERROR_SEVERITY, INFO_SEVERITY, severityOf } from '../../../records/severity.js';

/** The colour of a level, beside its name: each is a class in the styles. */
export type LevelTone = 'debug' | 'info' | 'warn' | 'error';

export function levelTone(level: string): LevelTone {
  const severity = severityOf(level) ?? INFO_SEVERITY;
  if (severity >= ERROR_SEVERITY) return 'error';
  if (severity > INFO_SEVERITY) return 'warn';
  return severity === INFO_SEVERITY ? 'info' : 'debug';
}
