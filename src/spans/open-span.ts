import { endSdkSpan, startSdkSpan } from '../context/sdk-spans.js';
import { currentSpan, currentTrace } from '../context/active-trace.js';
import { resumeTrace } from '../context/trace-store.js';
import type { OpenSpan } from '../context/traced-application.js';
import { hasSdk } from '../options/sdk-detection.js';
import { tracingChannels } from '../records/channels.js';
import type { Span } from '../trace/span.js';
import { SpanList } from '../trace/span-list.js';
import type { SpanStart } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';

/**
 * Starts a span of the current trace, below the running span. Where an OpenTelemetry SDK is
 * registered, the span is made through it and has the SDK's id. A span that is given an id was made
 * by another tracer, which has sent that id already.
 */
export const openSpan: OpenSpan = (start) => {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  const span = openSpanBelow(trace, currentSpan(trace), start);
  // Asked first: what the SDK would be given costs as much as the rest of a span.
  if (span === undefined || !hasSdk() || !span.isListed || start.spanId !== undefined) return span;
  const { name, kind, attributes } = span;
  const sdkSpan = startSdkSpan({ name, kind, attributes });
  if (sdkSpan === undefined) return span;
  span.spanId = sdkSpan.spanContext().spanId;
  span.sdkSpan = sdkSpan;
  return span;
};

/** Starts a span below another one, or below none. */
export function openSpanBelow(
  trace: Trace,
  parent: Span | undefined,
  start: SpanStart,
): Span | undefined {
  return spanListOf(trace).open(start, parent, closeSpan);
}

function spanListOf(trace: Trace): SpanList {
  return (trace.spanList ??= new SpanList(trace)) as SpanList;
}

function closeSpan(span: Span): void {
  spanListOf(span.trace).close(span);
  const { sdkSpan, attributes, failed, error } = span;
  if (sdkSpan !== undefined) {
    if (attributes !== undefined) sdkSpan.setAttributes(attributes);
    endSdkSpan(sdkSpan, failed, error);
  }
  const { spanFinish } = tracingChannels;
  if (spanFinish.hasSubscribers && span.isListed && !span.isLeftOut)
    spanFinish.publish({ trace: span.trace, span });
  if (failed && span.trace.finished) reportLate(span);
}

function reportLate(span: Span): void {
  const { trace } = span;
  const report = trace.policy.lateFailures?.current;
  if (report !== undefined) resumeTrace(trace, () => report(trace, span));
}
