import { errorOf } from './attribute-values.js';
import { cut, MAX_MESSAGE } from '../server/text-limits.js';
import { STATUS_CODE } from './otlp-data.js';
import type { PlacedSpan } from './placed-span.js';

/** What a span failed with: its exception, else what its status says. */
export function spanError({ exception, status }: PlacedSpan): string | undefined {
  const error = exception === undefined ? undefined : errorOf(exception);
  if (error !== undefined || status.code !== STATUS_CODE.ERROR || status.message === '') {
    return error;
  }
  return cut(status.message, MAX_MESSAGE);
}
