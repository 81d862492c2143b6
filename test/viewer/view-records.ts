import type { ViewLine, ViewRequest, ViewSpan } from '../../src/viewer/view-records.js';
import type { ViewedLine } from '../../src/viewer/store/viewed-records.js';

/** 10:30:15 of some morning, UTC. */
export const START = Date.UTC(2024, 0, 15, 10, 30, 15);
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** 16 hex digits that end in the given ones. */
export function spanId(digits: number | string): string {
  return String(digits).padStart(16, '0');
}

/** A request that has ended, unless `overrides` say otherwise. Times are in milliseconds from {@link START}. */
export function aRequest(
  key: string,
  { at = 0, ...overrides }: Partial<ViewRequest> & { at?: number } = {},
): ViewRequest {
  return {
    type: 'request',
    key,
    service: 'shop',
    kind: 'request',
    traceId: TRACE_ID,
    w3cTraceId: TRACE_ID,
    requestId: `req-${key}`,
    spanId: spanId(key),
    startedAt: START + at,
    method: 'GET',
    path: '/',
    outcome: 'completed',
    status_code: 200,
    duration_ms: 10,
    ...overrides,
  };
}

/** The same while it runs. */
export function aRunningRequest(
  key: string,
  overrides: Partial<ViewRequest> & { at?: number } = {},
): ViewRequest {
  return aRequest(key, {
    outcome: undefined,
    status_code: undefined,
    duration_ms: undefined,
    ...overrides,
  });
}

/** A line outside any context, unless `overrides` say otherwise. */
export function aLine(
  message: string,
  { at = 0, ...overrides }: Partial<ViewLine> & { at?: number } = {},
): ViewLine {
  return { type: 'line', service: 'shop', time: START + at, level: 'info', message, ...overrides };
}

/** A span of the trace that {@link aRequest} is in. */
export function aSpan(
  id: string,
  { at = 0, ...overrides }: Partial<ViewSpan> & { at?: number } = {},
): ViewSpan {
  return {
    type: 'span',
    service: 'shop',
    w3cTraceId: TRACE_ID,
    spanId: spanId(id),
    name: `span ${id}`,
    kind: 'internal',
    startedAt: START + at,
    duration_ms: 1,
    ...overrides,
  };
}

export function messagesOf(lines: readonly ViewedLine[]): string[] {
  return lines.map(({ record }) => record.message);
}
