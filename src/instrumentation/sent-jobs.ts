import { readProperty } from '../records/error-fields.js';

/** How many jobs of one call are read for their names: most have one of a few. */
export const MAX_NOTED = 1000;

/** The name of a job that is added. The application may give anything as a job. */
export function readName(job: unknown): unknown {
  return typeof job === 'object' && job !== null ? readProperty(job, 'name') : undefined;
}
