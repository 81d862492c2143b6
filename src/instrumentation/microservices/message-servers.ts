import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import { chainAs, type Handler } from './event-chain.js';
import { grpcHandler, grpcPattern } from './grpc-handler.js';
import { deliveryOf } from './message-delivery.js';
import { noteMetadata, type PacketServer } from './packet-metadata.js';
import { applicationOf } from '../instrumented-applications.js';
import { withMethod } from './with-method.js';

/** What NestJS registers the handlers of controllers with. */
export interface ListenersController {
  readonly container: { getModules(): ModulesContainer };
  registerPatternHandlers: RegisterPatternHandlers;
  /** Tells NestJS's graph of each handler, right before it is registered. */
  insertEntrypointDefinition(owner: Owner, definition: Definition, ...rest: unknown[]): void;
}

type RegisterPatternHandlers = (
  this: ListenersController,
  owner: Owner,
  server: Server,
  ...rest: unknown[]
) => void;

/** NestJS's wrapper of a controller. */
interface Owner {
  readonly metatype?: { readonly name?: string } | null;
}

interface Definition {
  readonly methodKey: string;
}

/** A transport of NestJS's, or a custom strategy. */
interface Server extends PacketServer {
  /** A number for NestJS's own. */
  readonly transportId?: unknown;
  addHandler(pattern: unknown, handler: Handler, ...rest: unknown[]): void;
  normalizePattern?(pattern: unknown): unknown;
}

/** By NestJS's numbers for them. */
const TRANSPORTS = ['tcp', 'redis', 'nats', 'mqtt', 'grpc', 'rabbitmq', 'kafka'];

/** Runs each message that a server hands to a controller in a trace, with one finish line. */
export function traceServers(prototype: ListenersController): void {
  const { registerPatternHandlers: register } = prototype;
  prototype.registerPatternHandlers = function (owner, server, ...rest) {
    const host = applicationOf(this.container.getModules());
    if (host === undefined || isMcp(server)) return register.call(this, owner, server, ...rest);
    const transport = transportOf(server);
    noteMetadata(server, transport);

    let method = '';
    const insertEntrypointDefinition: ListenersController['insertEntrypointDefinition'] = (
      owned,
      definition,
      ...more
    ) => {
      method = definition.methodKey;
      this.insertEntrypointDefinition(owned, definition, ...more);
    };
    const addHandler = (pattern: unknown, handler: Handler, ...more: unknown[]): void => {
      const name = `${owner.metatype?.name ?? 'Controller'}.${method}`;
      server.addHandler(pattern, tracedHandler(host, server, pattern, name, handler), ...more);
    };
    register.call(
      Object.create(this, {
        insertEntrypointDefinition: { value: insertEntrypointDefinition },
      }) as ListenersController,
      owner,
      withMethod(server, 'addHandler', addHandler as (...args: unknown[]) => unknown),
      ...rest,
    );
  };
}

/** The strategy of `@rekog/mcp-nest`: its messages are in a trace long before a handler is asked. */
function isMcp({ transportId }: Server): boolean {
  const key = typeof transportId === 'symbol' ? Symbol.keyFor(transportId) : undefined;
  return key?.startsWith('@rekog/mcp-nest:') === true;
}

function transportOf({ transportId, constructor }: Server): string {
  if (typeof transportId === 'string') return transportId;
  return TRANSPORTS[transportId as number] ?? constructor.name;
}

function tracedHandler(
  host: TracedApplication,
  server: Server,
  pattern: unknown,
  name: string,
  handler: Handler,
): Handler {
  const transport = transportOf(server);
  const rpc = transport === 'grpc' ? grpcPattern(pattern) : undefined;
  if (rpc !== undefined) return grpcHandler(host, rpc, name, handler);

  const work = { kind: 'message', transport, handler: name } as const satisfies UnitOfWork;
  const text = patternText(server, pattern);
  return chainAs(handler, (data, context, ...rest) => {
    const { read, attempt } = deliveryOf(transport, context);
    return host.runUnitOfWork({ ...work, read, fields: { pattern: text, attempt } }, () =>
      handler(data, context, ...rest),
    );
  });
}

/** The pattern as it was registered, wildcards and all: there are as many as there are handlers. */
function patternText(server: Server, pattern: unknown): string {
  return pattern instanceof RegExp
    ? String(pattern)
    : String(server.normalizePattern?.(pattern) ?? JSON.stringify(pattern));
}
