import type { Observable } from 'rxjs';
import type { OpenSpan } from '../../context/unit-of-work.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { SpanStart } from '../../records/span-record.js';
import type { TraceHeaders } from '../../trace/propagation.js';
import { announcedBy } from './given-span.js';
import { missingHeaders } from '../outgoing-headers.js';
import { headersToSend, sendTraced } from './sent-message.js';

/** NestJS's client of gRPC. */
export interface GrpcClientProxy {
  createServiceMethod(stub: Stub, name: string): ServiceMethod;
}

/** What a service of that client consists of: each subscription is a call. */
type ServiceMethod = (...args: unknown[]) => Observable<unknown>;

/** A client of `@grpc/grpc-js`, with a method for each of its service's. */
type Stub = Readonly<Record<string, StubMethod>>;

interface StubMethod {
  (...args: unknown[]): unknown;
  /** As in `/payments.PaymentService/Charge`. */
  readonly path?: string;
  readonly requestStream?: boolean;
}

interface Metadata {
  get(name: string): readonly unknown[];
  set(name: string, value: string): void;
  clone(): Metadata;
}

/** How that client reads its own arguments: there is no other way to its class of metadata. */
interface ArgumentReader {
  checkMetadataAndOptions?(): { readonly metadata: Metadata };
}

/** Lets calls of gRPC services carry the trace in which they are subscribed to. */
export function traceGrpcClients(prototype: GrpcClientProxy, openSpan: OpenSpan): void {
  const { createServiceMethod } = prototype;
  prototype.createServiceMethod = function (stub, name) {
    const method = createServiceMethod.call(this, carryingStub(stub, name), name);
    const start = spanOf(stub[name]?.path ?? name);
    return (...args) => {
      // NestJS wants metadata in the second place, whatever the first is.
      const given = isMetadata(args[1]) ? args[1] : undefined;
      return sendTraced(
        openSpan,
        () => ({ ...start, spanId: announcedBy(given) }),
        method(...args),
      );
    };
  };
}

/** @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ */
function spanOf(path: string): SpanStart {
  const [service = '', method = ''] = path.replace(/^\//, '').split('/');
  return {
    name: `${service}/${method}`,
    kind: 'client',
    attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method },
  };
}

/** A client whose one method adds the headers to its metadata. Its own stay as they are. */
function carryingStub(stub: Stub, name: string): Stub {
  const call = (...args: unknown[]): unknown => {
    const headers = headersToSend();
    const carrying = headers && withMetadata(stub, name, args, headers);
    return stub[name]?.(...(carrying ?? args));
  };
  return Object.create(stub, { [name]: { value: Object.assign(call, stub[name]) } }) as Stub;
}

/**
 * The arguments are request, metadata, options, callback; all but the first may be left out. An id
 * that a validator of the user's own let through may be none for metadata, which then throw.
 */
const withMetadata = guardCallback(
  'gRPC metadata',
  (
    stub: Stub,
    name: string,
    args: readonly unknown[],
    headers: TraceHeaders,
  ): readonly unknown[] => {
    // A stream of requests is written later.
    const index = stub[name]?.requestStream === true ? 0 : 1;
    const given = args[index];
    const isGiven = isMetadata(given);
    const metadata = isGiven ? given.clone() : newMetadata(stub);
    if (metadata === undefined) return args;
    const missing = missingHeaders(headers, (header) => metadata.get(header).length > 0);
    for (const [header, value] of Object.entries(missing)) metadata.set(header, value);
    const isReplaced = isGiven || given === undefined || given === null;
    return args.toSpliced(index, isReplaced ? 1 : 0, metadata);
  },
);

function isMetadata(value: unknown): value is Metadata {
  const { get, set, clone } = Object(value) as Partial<Metadata>;
  return [get, set, clone].every((method) => typeof method === 'function');
}

function newMetadata(stub: object): Metadata | undefined {
  return (stub as ArgumentReader).checkMetadataAndOptions?.().metadata;
}
