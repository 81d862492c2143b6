import { sharedState } from '../trace/shared-state.js';

const given = sharedState('warnings', () => new Set<string>());

/**
 * Tells the operator about a fault in what surrounds tracing: a transport, format, subscriber or
 * callback that threw. Each kind is told once in a process, as a Node warning and never on the
 * logger, which may be the thing that is broken. Never throws itself, whatever was thrown.
 */
export function warnOnce(code: string, problem: string, error?: unknown): void {
  if (given.has(code)) return;
  given.add(code);
  const reason = error === undefined ? '' : `: ${describeError(error)}`;
  process.emitWarning(`nestjs-tracing: ${problem}${reason}`, { type: 'TracingWarning', code });
}

function describeError(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'it cannot be shown';
  }
}
