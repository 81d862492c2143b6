import { currentTrace } from '../../context/active-trace.js';
import { guardCallback } from '../../options/guard-callback.js';
import { isCopied } from '../../trace/copied-headers.js';
import { carrierText } from '../../trace/carrier-text.js';
import type { ReadCarrier } from '../../trace/propagation.js';
import { parseTraceparent } from '../../trace/traceparent.js';
import { isTraceparentCarried } from './carried-headers.js';

/** A message built with a record builder of NestJS, or a message of Kafka: both may have headers. */
interface MessageRecord {
  readonly headers?: Headers;
  readonly options?: {
    readonly headers?: Headers;
    readonly properties?: { readonly userProperties?: Headers };
  };
}

/** A plain object, or what NATS and gRPC have instead. */
type Headers = Readonly<Record<string, unknown>> | { get(name: string): unknown };

/**
 * The span id in the `traceparent` that the application put into a message by hand; `undefined`
 * where there is none, or one of another trace. The span of the message must have that id, because
 * the receiver takes it for its parent.
 */
export const spanIdInMessage = guardCallback('a message record', (data: unknown) => {
  const { headers, options } = Object(data) as MessageRecord;
  return spanIdInHeaders(headers ?? options?.headers ?? options?.properties?.userProperties);
});

/** The same for headers that are not part of a message, such as the metadata of a gRPC call. */
export function spanIdInHeaders(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  const { get } = headers;
  const read: ReadCarrier =
    typeof get === 'function'
      ? (name) => get.call(headers, name)
      : (name) => valueOf(headers, name);
  const trace = currentTrace();
  const text = carrierText(read('traceparent'));
  if (trace === undefined || text === undefined) return undefined;
  // One that was copied will be replaced.
  if (isTraceparentCarried(read) || isCopied(trace, 'traceparent', text)) return undefined;
  const parsed = parseTraceparent(text);
  return parsed?.traceId === trace.w3cTraceId ? parsed.parentId : undefined;
}

function valueOf(headers: Headers, name: string): unknown {
  return (headers as Readonly<Record<string, unknown>>)[name];
}
