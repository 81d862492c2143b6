import { INFO_SEVERITY, severityOf } from '../../records/severity.js';
import type { ViewLine } from '../view-records.js';

/** Whether a line is of no request or trace, as those of the start are, and no warning either. */
export function isOutside({ key, requestId, traceId, w3cTraceId, level }: ViewLine): boolean {
  return (
    (key ?? requestId ?? traceId ?? w3cTraceId) === undefined &&
    (severityOf(level) ?? INFO_SEVERITY) <= INFO_SEVERITY
  );
}
