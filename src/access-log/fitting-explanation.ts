import type { AccessLogRecord } from '../records/access-log-record.js';
import { isError, jsonValue } from '../records/json-value.js';
import { stepsOnLine } from '../spans/steps.js';
import type { Trace } from '../trace/trace.js';
import type { Explanation } from './explanation.js';
import { shortenedError } from './shortened-error.js';

/** The bytes of a line that explains itself, unless what the application has to say takes more. */
const MAX_LINE_BYTES = 4096;
/** Time, level, message, span id, `dropped_steps`, a service, and the names of the ids. */
const OTHER_FIELDS_BYTES = 330;
/** Steps that did not fail have this much at least. */
const LEAST_STEPS_BYTES = 600;

/**
 * An explanation with the steps, as far as they fit on a line that can be read. Stacks are shortened
 * first, then steps that did not fail are left out. Steps that failed, causes, and frames of the
 * application's stay.
 *
 * @param record what the line has beside.
 */
export function fitting(
  trace: Trace,
  record: AccessLogRecord,
  explanation: Explanation,
): Partial<AccessLogRecord> {
  const { error, ...others } = explanation;
  let steps = stepsOnLine(trace);
  const room = MAX_LINE_BYTES - OTHER_FIELDS_BYTES - bytesOfFields(trace, record, others);
  const shortened = isError(error) ? shortenedError(error, room - steps.bytes) : undefined;
  const left = room - (shortened?.bytes ?? 0);
  if (steps.bytes > left) steps = stepsOnLine(trace, Math.max(left, LEAST_STEPS_BYTES));
  return {
    ...others,
    ...('error' in explanation && { error: shortened?.error ?? error }),
    steps: steps.steps,
    dropped_steps: steps.dropped,
  };
}

function bytesOfFields(trace: Trace, record: AccessLogRecord, explained: object): number {
  const { traceId, requestId, sessionId, scope } = trace;
  const all = { traceId, requestId, sessionId, ...scope.fields, ...record, ...explained };
  return Buffer.byteLength(jsonValue(all) ?? '');
}
