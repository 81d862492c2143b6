import type { ViewSpan } from '../view-records.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { shownText } from '../shown-text.js';
import { filterAttributes } from './attribute-filter.js';
import { spanError } from './exception-text.js';
import { callName } from './http-attributes.js';
import { STATUS_CODE, type OtlpSpan } from './otlp-model.js';
import { timeOf } from './span-time.js';

/** A span inside a request, as the trace viewer shows it. */
export function spanFromOtlp(service: string, span: OtlpSpan): ViewSpan {
  const { name, kind = 'internal', traceId, spanId, parentSpanId, attributes, status } = span;
  return {
    type: 'span',
    service,
    w3cTraceId: traceId,
    spanId,
    parentSpanId,
    ...timeOf(span),
    name: cut(shownText(callName(name, attributes)), MAX_TEXT),
    // The span of a consumer is a request.
    kind: kind === 'consumer' ? 'internal' : kind,
    failed: status.code === STATUS_CODE.ERROR || undefined,
    attributes: filterAttributes(attributes),
    error: spanError(span),
  };
}
