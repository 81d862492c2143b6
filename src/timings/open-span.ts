import { currentSpan, currentTrace } from '../context/trace-store.js';
import type { OpenSpan } from '../context/work.js';
import { tracingChannels } from '../events/channels.js';
import type { Span } from '../trace/span.js';
import { SpanList } from '../trace/span-list.js';
import type { Trace } from '../trace/trace.js';

/** Begins a span of the current trace, below the span that is running. */
export const openSpan: OpenSpan = (start) => {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  return spanListOf(trace).open(start, currentSpan(trace), closeSpan);
};

function spanListOf(trace: Trace): SpanList {
  return (trace.spanList ??= new SpanList(trace)) as SpanList;
}

function closeSpan(span: Span): void {
  spanListOf(span.trace).close(span);
  const { spanFinish } = tracingChannels;
  if (spanFinish.hasSubscribers) spanFinish.publish({ trace: span.trace, span });
}
