import { currentTrace } from '../../context/trace-store.js';
import { guardCallback } from '../../options/guard-callback.js';
import { carrierText } from '../../trace/propagation.js';
import { parseTraceparent } from '../../trace/traceparent.js';

/** A record of NestJS's, or a message of Kafka, as far as it holds headers. */
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
 * The id under which a message's own headers announce it, where whoever sends it put the trace
 * there by hand: its span must have that id, for the other side takes it for its parent.
 */
export const givenSpanId = guardCallback('a message record', (data: unknown) => {
  const { headers, options } = Object(data) as MessageRecord;
  return announcedBy(headers ?? options?.headers ?? options?.properties?.userProperties);
});

/** The same for headers that do not stand in a record. */
export function announcedBy(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  const { get } = headers;
  const given = typeof get === 'function' ? get.call(headers, 'traceparent') : valueOf(headers);
  const parsed = parseTraceparent(carrierText(given));
  return parsed?.traceId === currentTrace()?.w3cTraceId ? parsed?.parentId : undefined;
}

function valueOf(headers: Headers): unknown {
  return (headers as Readonly<Record<string, unknown>>)['traceparent'];
}
