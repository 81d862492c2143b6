import { warnOnce } from '../records/warnings.js';

const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Loads a package that an application need not have. `undefined` where it is not installed. One that
 * is installed and does not load is the application's to repair: there is one warning, and the
 * package is not traced.
 */
export async function loadOptional<T>(
  name: string,
  load: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    const { code } = Object(error) as NodeJS.ErrnoException;
    if (!NOT_FOUND.has(code)) warnOnce('TRACING_NOT_LOADED', `${name} did not load`, error, name);
    return undefined;
  }
}
