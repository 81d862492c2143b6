import { currentSpan, currentTrace } from '../context/trace-store.js';
import type { OpenSpan } from '../context/work.js';
import { tracingChannels } from '../events/channels.js';
import { MAX_SPANS, Span } from '../trace/span.js';

/** Begins a span of the current trace, below the span that is running. */
export const openSpan: OpenSpan = (start) => {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  const spans = (trace.spans ??= []);
  if (spans.length >= MAX_SPANS) {
    trace.droppedSpans++;
    return undefined;
  }
  const parentId = currentSpan(trace)?.spanId ?? trace.spanId;
  const span = new Span(trace, parentId, start, publish);
  spans.push(span);
  return span;
};

function publish(span: Span): void {
  const { spanFinish } = tracingChannels;
  if (spanFinish.hasSubscribers) spanFinish.publish({ trace: span.trace, span });
}
