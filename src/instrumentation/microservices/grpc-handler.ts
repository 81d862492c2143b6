import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { isObservable, tap } from 'rxjs';
import type { TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import type { Handler } from './event-chain.js';
import { streamCallEnd } from './grpc-stream-call.js';

/** A call as `@grpc/grpc-js` hands it to a server. */
export interface GrpcCall extends EventEmitter {
  readonly cancelled?: boolean;
  /** Where a name may stand several times. */
  readonly metadata?: { get(name: string): unknown };
}

/** What NestJS registers a handler of gRPC under. */
export interface GrpcPattern {
  readonly service: string;
  readonly rpc: string;
  readonly streaming?: string;
}

/** Handlers with `@GrpcStreamCall`, which get the call itself and nothing else. */
const PASS_THROUGH = 'pt_stream';

/** The pattern of a handler of gRPC, if it is one. */
export function grpcPattern(pattern: unknown): GrpcPattern | undefined {
  const { service, rpc } = Object(pattern) as Partial<GrpcPattern>;
  return service === undefined || rpc === undefined ? undefined : (pattern as GrpcPattern);
}

/** Runs each call of a gRPC handler in a trace. */
export function grpcHandler(
  host: TracedApplication,
  { service, rpc, streaming }: GrpcPattern,
  name: string,
  handler: Handler,
): Handler {
  const isPassedThrough = streaming === PASS_THROUGH;
  const fields = { pattern: `${service}/${rpc}` };
  const workOf = (call: GrpcCall, isAnswered: () => boolean): UnitOfWork => ({
    kind: 'message',
    transport: 'grpc',
    handler: name,
    fields,
    read: (field) => call.metadata?.get(field),
    onLeave: (left) => watchClient(call, isAnswered, left),
  });
  if (isPassedThrough) {
    return (call, respond, ...rest) => {
      const end = streamCallEnd(call as GrpcCall, respond);
      return end.handled(
        host.runUnitOfWork(workOf(call as GrpcCall, end.isReached), () => {
          keepRequestContext(call as GrpcCall);
          return end.follow(handler(call, end.respond, ...rest));
        }),
      );
    };
  }
  return (data, metadata, call, ...rest) => {
    let isAnswered = false;
    return host.runUnitOfWork(
      workOf(call as GrpcCall, () => isAnswered),
      async () => {
        keepRequestContext(call as GrpcCall);
        const result = await handler(data, metadata, call, ...rest);
        return isObservable(result) ? result.pipe(tap(() => (isAnswered = true))) : result;
      },
    );
  };
}

/** `cancelled` says that a call has ended, be it because its client left or because it is done. */
function watchClient(call: GrpcCall, isAnswered: () => boolean, left: () => void): void {
  const leave = (): void => {
    if (!isAnswered()) left();
  };
  if (call.cancelled === true) leave();
  // Before NestJS ends the stream of requests, which may well complete the handler's answer.
  else call.prependOnceListener('cancelled', leave);
}

/** Messages of a stream arrive in the context of the connection. */
function keepRequestContext(call: GrpcCall): void {
  const inContext = AsyncLocalStorage.snapshot();
  const { emit } = call;
  call.emit = (...event) => inContext(() => emit.apply(call, event));
}
