/** From the least to the most severe: the words of loggers, of syslog and of OpenTelemetry. */
const WORDS: readonly (readonly string[])[] = [
  ['trace', 'silly', 'finest', 'finer'],
  ['debug', 'verbose', 'fine'],
  ['info', 'information', 'log', 'http', 'notice'],
  ['warn', 'warning'],
  ['error', 'err', 'severe'],
  ['fatal', 'critical', 'crit', 'alert', 'emerg', 'emergency', 'panic'],
];

const SEVERITIES: ReadonlyMap<string, number> = new Map(
  WORDS.flatMap((words, severity) => words.map((word) => [word, severity] as const)),
);
const INFO = 2;

/** How severe a level is: the more, the worse. One that no logger is known to have is as `info`. */
export function severityOf(level: string): number {
  return SEVERITIES.get(level) ?? SEVERITIES.get(level.toLowerCase()) ?? INFO;
}
