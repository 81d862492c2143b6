import type { Enrich } from '../options/enrich-option.js';
import { readProperty } from '../records/error-fields.js';
import type { Trace } from '../trace/trace.js';

/**
 * Asks the application for the fields of a request, once, and sets them for all of its later lines.
 * Messages, jobs and runs have no request.
 */
export function enrichTrace(trace: Trace, enrich: Enrich): void {
  const request = trace.metadata.requestToEnrich?.();
  const fields = request === undefined ? undefined : enrich(request);
  if (fields === undefined) return;
  for (const key of Object.keys(fields)) {
    const value = readProperty(fields, key);
    if (value !== undefined) trace.setField(key, value);
  }
}
