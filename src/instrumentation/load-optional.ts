import { warnOnce } from '../records/warnings.js';

const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Loads a package that an application need not have. `undefined` where it is not installed; one
 * that is, but does not load, is the application's to repair: it is told once, and not traced.
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
