import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { isObservable, tap } from 'rxjs';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import type { ReadCarrier } from '../../trace/propagation.js';
import { definePatch } from '../patch.js';
import { takeFromBag } from './carried-headers.js';
import { streamCallEnd } from './grpc-stream-call.js';
import type { Handler } from './replaced-handler.js';

interface Metadata {
  get(name: string): unknown;
  remove?(name: string): void;
}

/** A call as `@grpc/grpc-js` gives it to a server. */
interface GrpcCall extends EventEmitter {
  readonly cancelled?: boolean;
  /** A name may have several values there. */
  readonly metadata?: Metadata;
}

/** What NestJS registers a handler of gRPC under. */
export interface GrpcPattern {
  readonly service: string;
  readonly rpc: string;
  readonly streaming?: string;
}

const EVENTS = definePatch({
  package: '@grpc/grpc-js',
  target: 'ServerSurfaceCall#emit',
  gives: 'the trace of a gRPC call in the listeners for its stream of messages',
  without:
    'gRPC calls do not continue the trace of their sender, and the listeners of their streams have no ids',
  why: 'events of a call are emitted in the context of the connection; a server interceptor of the package runs before the handler and cannot change that, and the processing hooks of NestJS get a copy of the call',
});

/** Handlers with `@GrpcStreamCall`, which get the call itself and nothing else. */
const PASS_THROUGH = 'pt_stream';

/** The pattern of a handler of gRPC, if it is one. */
export function grpcPattern(pattern: unknown): GrpcPattern | undefined {
  const { service, rpc } = Object(pattern) as Partial<GrpcPattern>;
  return service === undefined || rpc === undefined ? undefined : (pattern as GrpcPattern);
}

/** Runs each call of a gRPC handler in a trace. */
export function grpcHandler(
  application: TracedApplication,
  { service, rpc, streaming }: GrpcPattern,
  name: string,
  handler: Handler,
): Handler {
  const fields = { pattern: `${service}/${rpc}` };
  const workOf = (call: GrpcCall | undefined, isAnswered: () => boolean): UnitOfWork => ({
    kind: 'message',
    transport: 'grpc',
    isCall: true,
    handler: name,
    fields,
    ...(call && {
      read: readerOf(call),
      onLeave: (left) => watchClient(call, isAnswered, left),
    }),
  });
  if (streaming === PASS_THROUGH) {
    return (given, respond, ...rest) => {
      const call = callOf(given);
      if (call === undefined) return handler(given, respond, ...rest);
      const end = streamCallEnd(call, respond);
      return end.handled(
        application.runUnitOfWork(workOf(call, end.isReached), () => {
          keepContext(call);
          return end.follow(handler(call, end.respond, ...rest));
        }),
      );
    };
  }
  return (data, metadata, given, ...rest) => {
    const call = callOf(given);
    let isAnswered = false;
    return application.runUnitOfWork(
      workOf(call, () => isAnswered),
      async () => {
        if (call !== undefined) keepContext(call);
        const result = await handler(data, metadata, given, ...rest);
        return isObservable(result) ? result.pipe(tap(() => (isAnswered = true))) : result;
      },
    );
  };
}

/** Reads the metadata of a call, and leaves the handler what the caller's application had set. */
function readerOf({ metadata }: GrpcCall): ReadCarrier | undefined {
  if (metadata === undefined) return undefined;
  return takeFromBag(metadata, {
    read: (name) => metadata.get(name),
    remove: (name) => metadata.remove?.(name),
  }).read;
}

function callOf(given: unknown): GrpcCall | undefined {
  const { emit, once, prependOnceListener } = Object(given) as Partial<GrpcCall>;
  if ([emit, once, prependOnceListener].every((method) => typeof method === 'function')) {
    return given as GrpcCall;
  }
  EVENTS.unsupported('the handler does not get the call');
  return undefined;
}

/** `cancelled` says that a call has ended, because its client disconnected or because it is done. */
function watchClient(call: GrpcCall, isAnswered: () => boolean, left: () => void): void {
  const leave = (): void => {
    if (!isAnswered()) left();
  };
  if (call.cancelled === true) leave();
  // Before NestJS ends the stream of requests, which may well complete the handler's answer.
  else call.prependOnceListener('cancelled', leave);
}

/** Messages of a stream arrive in the context of the connection. */
function keepContext(call: GrpcCall): void {
  const inContext = AsyncLocalStorage.snapshot();
  EVENTS.methodOfInstance(
    call,
    'emit',
    (emit) =>
      function (this: GrpcCall, ...event) {
        return inContext(() => emit.apply(this, event));
      },
  );
}
