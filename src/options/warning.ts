import { sharedState } from '../trace/shared-state.js';

const given = sharedState('warnings', () => new Set<string>());

/**
 * Tells the operator about a fault in what surrounds tracing: a transport, format, subscriber or
 * callback that threw. Each kind is told once in a process, as a Node warning and never on the
 * logger, which may be the thing that is broken.
 */
export function warnOnce(code: string, message: string, error?: unknown): void {
  if (given.has(code)) return;
  given.add(code);
  const reason =
    error === undefined ? '' : `: ${error instanceof Error ? error.message : String(error)}`;
  process.emitWarning(`nestjs-tracing: ${message}${reason}`, { type: 'TracingWarning', code });
}
