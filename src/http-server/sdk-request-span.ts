import type { ServerResponse } from 'node:http';
import { endSdkSpan, startSdkSpan } from '../context/sdk-spans.js';
import { hasSdk } from '../options/sdk-detection.js';
import type { TraceCarrier } from '../trace/open-trace.js';
import { serverAttributes } from '../records/span-conventions.js';
import { callerSpan, type SdkSpan } from '../trace/sdk-span.js';
import { thrownIn } from '../trace/thrown.js';
import type { LiveMetadata, Trace } from '../trace/trace.js';

/** Starts the span of a request where an OpenTelemetry SDK is registered. */
export function startRequestSpan(
  metadata: LiveMetadata,
  { traceparent }: TraceCarrier,
): SdkSpan | undefined {
  if (!hasSdk()) return undefined;
  const { method = '', path = '' } = metadata;
  return startSdkSpan({
    name: method,
    kind: 'server',
    attributes: {
      'http.request.method': method,
      'url.path': path,
      ...serverAttributes(metadata),
    },
    parent: callerSpan(traceparent) ?? null,
  });
}

/** Ends the span of a request with its route and status. */
export function endRequestSpan(
  span: SdkSpan,
  trace: Trace,
  { statusCode, headersSent }: ServerResponse,
  isComplete: boolean,
): void {
  const { method = '', route, work } = trace.metadata;
  if (route !== undefined) {
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.route': route });
  }
  if (headersSent || isComplete) span.setAttributes({ 'http.response.status_code': statusCode });
  const hasFailed =
    statusCode >= 500 || work?.error !== undefined || thrownIn(trace)?.isLate === true;
  endSdkSpan(span, hasFailed, work?.error ?? thrownIn(trace)?.error);
}
