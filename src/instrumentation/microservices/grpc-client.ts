import type { Observable } from 'rxjs';
import type { OpenSpan } from '../../context/traced-application.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { SpanStart } from '../../records/span-record.js';
import type { TraceHeaders } from '../../trace/propagation.js';
import { definePatch } from '../patch.js';
import { markedHeaders, removeCopied } from './carried-headers.js';
import { spanIdInHeaders } from './manual-traceparent.js';
import { headersToSend, sendTraced } from './sent-message.js';

/** NestJS's client of gRPC. */
export interface GrpcClientProxy {
  createServiceMethod(stub: Stub, name: string): ServiceMethod;
}

/** A method of a service of that client: each subscription to what it returns is a call. */
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
  remove(name: string): void;
  clone(): Metadata;
}

/** Private there: how a client reads the arguments of a call. */
interface ArgumentReader {
  checkMetadataAndOptions(): { readonly metadata: Metadata };
}

const CALLS = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientGrpcProxy.prototype.createServiceMethod',
  gives: 'a span for each gRPC call that is sent, and the trace in its metadata',
  without: 'gRPC calls that are sent have no span and carry no trace',
  why: 'NestJS calls no dispatch hook for gRPC; and an interceptor of a call would replace those of the application, because `@grpc/grpc-js` uses the interceptors of a client only for calls without their own',
});
const METADATA = definePatch({
  package: '@grpc/grpc-js',
  target: 'Client.prototype.checkMetadataAndOptions',
  gives: 'metadata for gRPC calls that are sent without any (it is called, not changed)',
  without: 'gRPC calls that are sent without metadata carry no trace',
  why: 'the class of metadata must be that of the copy of the package that the client is from, and the client does not give access to it in another way',
});

/** Lets calls of gRPC services carry the trace in which they are subscribed to. */
export function traceGrpcClients(prototype: GrpcClientProxy | undefined, openSpan: OpenSpan): void {
  CALLS.method(
    prototype,
    'createServiceMethod',
    (create) =>
      function (this: GrpcClientProxy, stub, name) {
        const method = create.call(this, carryingStub(stub, name), name);
        const start = spanOf(stub[name]?.path ?? name);
        return (...args) => {
          // NestJS expects metadata as the second argument, whatever the first is.
          const given = isMetadata(args[1]) ? args[1] : undefined;
          return sendTraced(
            openSpan,
            () => ({ ...start, spanId: spanIdInHeaders(given) }),
            method(...args),
          );
        };
      },
  );
}

/** @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ */
function spanOf(path: string): SpanStart {
  const [service = '', method = ''] = path.replace(/^\//, '').split('/');
  return {
    name: `${service}/${method}`,
    kind: 'client',
    attributes: {
      'rpc.system': 'grpc',
      'rpc.system.name': 'grpc',
      'rpc.service': service,
      'rpc.method': method,
    },
  };
}

/** A client of which one method adds the headers to the metadata of its calls. The client itself stays as it is. */
function carryingStub(stub: Stub, name: string): Stub {
  const call = (...args: unknown[]): unknown => {
    const headers = headersToSend();
    const carrying = headers && withMetadata(stub, name, args, headers);
    return stub[name]?.(...(carrying ?? args));
  };
  return Object.create(stub, { [name]: { value: Object.assign(call, stub[name]) } }) as Stub;
}

/**
 * The arguments are request, metadata, options, callback; all but the first may be left out.
 * Setting metadata throws for an id that the application's validator accepts and gRPC does not.
 */
const withMetadata = guardCallback(
  'gRPC metadata',
  (
    stub: Stub,
    name: string,
    args: readonly unknown[],
    headers: TraceHeaders,
  ): readonly unknown[] => {
    // A call with a stream of requests has no request argument.
    const index = stub[name]?.requestStream === true ? 0 : 1;
    const given = args[index];
    const isGiven = isMetadata(given);
    const metadata = isGiven ? given.clone() : newMetadata(stub);
    if (metadata === undefined) return args;
    removeCopied({
      read: (header) => metadata.get(header),
      remove: (header) => metadata.remove(header),
    });
    // A call always has metadata, so it does not matter whether there is anything else.
    const missing = markedHeaders(headers, (header) => metadata.get(header).length > 0, false);
    for (const [header, value] of Object.entries(missing)) metadata.set(header, value);
    const isReplaced = isGiven || given === undefined || given === null;
    return args.toSpliced(index, isReplaced ? 1 : 0, metadata);
  },
);

function isMetadata(value: unknown): value is Metadata {
  const { get, set, remove, clone } = Object(value) as Partial<Metadata>;
  return [get, set, remove, clone].every((method) => typeof method === 'function');
}

function newMetadata(stub: object): Metadata | undefined {
  return METADATA.read(
    'checkMetadataAndOptions',
    () => (stub as ArgumentReader).checkMetadataAndOptions().metadata,
  );
}
