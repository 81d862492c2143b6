import { afterEach, beforeEach } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SingleSpanRecord } from '../../src/records/span-record.js';

const CHANNEL = 'nestjs-tracing:span:finish';

/** A span that has ended, and the trace that it belongs to. */
export interface RecordedSpan {
  readonly traceId: string;
  readonly span: SingleSpanRecord;
}

/** Keeps the spans that end during each test of a file, in the order in which they end. */
export function recordSpans(): RecordedSpan[] {
  const spans: RecordedSpan[] = [];
  const keep = (message: unknown): void => {
    const { trace, span } = message as { trace: { traceId: string }; span: SingleSpanRecord };
    spans.push({ traceId: trace.traceId, span });
  };
  beforeEach(() => {
    spans.length = 0;
    subscribe(CHANNEL, keep);
  });
  afterEach(() => {
    unsubscribe(CHANNEL, keep);
  });
  return spans;
}
