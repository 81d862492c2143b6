import type { ViewSpan } from '../view-records.js';
import type { SpanKind } from '../../records/span-record.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { callName } from './http-attributes.js';
import { SPAN_KIND, STATUS_CODE } from './otlp-data.js';
import { placeOf, type PlacedSpan } from './placed-span.js';
import { shownAttributes } from './shown-attributes.js';
import { spanError } from './span-error.js';

const KINDS: Readonly<Record<number, SpanKind>> = {
  [SPAN_KIND.SERVER]: 'server',
  [SPAN_KIND.CLIENT]: 'client',
  [SPAN_KIND.PRODUCER]: 'producer',
};

/** One operation inside a request. */
export function viewSpan(span: PlacedSpan): ViewSpan {
  const { name, kind, attributes, status } = span;
  return {
    type: 'span',
    ...placeOf(span),
    name: cut(callName(name, attributes), MAX_TEXT),
    kind: KINDS[kind] ?? 'internal',
    failed: status.code === STATUS_CODE.ERROR || undefined,
    attributes: shownAttributes(attributes),
    error: spanError(span),
  };
}
