import { shownValue } from '../options/shown-value.js';
import { TracingConfigError } from '../records/tracing-config.error.js';

/**
 * Throws unless metrics can be served at a path.
 *
 * @param owner what takes the option.
 * @param otherwise what the fix says besides.
 */
export function checkMetricsPath(owner: string, path: unknown, otherwise = ''): void {
  if (path === undefined || (typeof path === 'string' && path.startsWith('/'))) return;
  throw new TracingConfigError(
    'INVALID_METRICS_PATH',
    `\`path\` is ${shownValue('path', path)}, which is not a path.`,
    `begin it with a slash, as in \`path: '/metrics'\`${otherwise}.`,
    owner,
  );
}
