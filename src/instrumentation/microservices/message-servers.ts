import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { applicationOf } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { grpcHandler, grpcPattern } from './grpc-handler.js';
import { ownValue } from './carried-headers.js';
import { deliveryOf } from './extract-headers.js';
import { overrideMethod, type AnyMethod } from './method-proxy.js';
import { noteMetadata, type PacketClasses, type PacketServer } from './packet-metadata.js';
import { replaceHandler, type Handler } from './replaced-handler.js';

/** What NestJS registers the handlers of controllers with. It is not exported. */
interface ListenersController {
  readonly container: { getModules(): ModulesContainer };
  registerPatternHandlers(controller: Controller, server: Server, ...rest: unknown[]): void;
  /** Called with each handler, right before the handler is registered. */
  insertEntrypointDefinition(
    controller: Controller,
    definition: Definition,
    ...rest: unknown[]
  ): void;
}

/** NestJS's wrapper of a controller. */
interface Controller {
  readonly metatype?: { readonly name?: string } | null;
}

interface Definition {
  readonly methodKey: string;
}

/** A transport of NestJS's, or a custom strategy. */
interface Server extends PacketServer {
  /** A number for NestJS's own. */
  readonly transportId?: unknown;
  addHandler: AnyMethod;
  handleEvent?: AnyMethod | undefined;
  normalizePattern?(pattern: unknown): unknown;
}

const MESSAGES = definePatch({
  package: '@nestjs/microservices',
  target: 'ListenersController.prototype.registerPatternHandlers',
  gives: 'a trace and an access log line for each message',
  without: 'messages are not traced',
  why: 'a pre-request hook runs once for each handler of an event instead of once for a message, after request-scoped providers are made and inside of the exception filters, so their ids would be missing and its outcome would not be what the filters make of an error; the processing hooks get neither the handler nor its result, and custom strategies do not call them',
});
const EVENTS = definePatch({
  package: '@nestjs/microservices',
  target: 'Server#handleEvent',
  gives:
    'the right kind for the span of a message: `consumer` for an event, `server` for a request',
  without:
    'the kind of a span is that of its handler, also where a request has sent an event to it',
  why: 'a handler and the hooks are called alike for both',
});
const HANDLER_NAMES = definePatch({
  package: '@nestjs/microservices',
  target: 'ListenersController.prototype.insertEntrypointDefinition',
  gives: 'the name of the handler in access log lines of messages',
  without: 'access log lines of messages name the controller and not the method',
  why: 'NestJS gives a server the handler without its name; a pre-request hook has it, but runs too late for an error of a request-scoped provider',
});

/** By NestJS's numbers for them. */
const TRANSPORTS = ['tcp', 'redis', 'nats', 'mqtt', 'grpc', 'rabbitmq', 'kafka'];

/** Runs each message that a server hands to a controller in a trace, with one access log line. */
export async function traceMessageServers(classes: PacketClasses): Promise<void> {
  const module = await MESSAGES.load(() => import('@nestjs/microservices/listeners-controller.js'));
  if (module === undefined) return;
  // The members that are private there are checked before they are used.
  const { prototype } = Object(module.ListenersController) as { prototype?: ListenersController };

  // Registering is synchronous.
  let methodName: string | undefined;
  const isTraced = MESSAGES.method(
    prototype,
    'registerPatternHandlers',
    (register) =>
      function (this: ListenersController, controller, server, ...rest) {
        const modules = MESSAGES.read('container', () => this.container.getModules());
        const application = modules && applicationOf(modules);
        if (application === undefined || !takesHandlers(server) || isMcp(server)) {
          return register.call(this, controller, server, ...rest);
        }
        noteMetadata(server, transportOf(server), classes);
        noteEvents(server);
        const className = controller?.metatype?.name ?? 'Controller';
        const addHandler: AnyMethod = (pattern, handler, ...more) => {
          const name = methodName === undefined ? className : `${className}.${methodName}`;
          const isForEvents = more[0] === true;
          const traced = tracedHandler(
            application,
            server,
            { pattern, name, isForEvents },
            handler as Handler,
          );
          return server.addHandler(pattern, traced, ...more);
        };
        methodName = undefined;
        return register.call(
          this,
          controller,
          overrideMethod(server, 'addHandler', addHandler),
          ...rest,
        );
      },
  );
  if (!isTraced) return;
  HANDLER_NAMES.method(
    prototype,
    'insertEntrypointDefinition',
    (insert) =>
      function (this: ListenersController, controller, definition, ...rest) {
        methodName = HANDLER_NAMES.read('methodKey', () => definition.methodKey);
        insert.call(this, controller, definition, ...rest);
      },
  );
}

function takesHandlers(server: Server | undefined): boolean {
  if (typeof server !== 'object' || server === null) {
    MESSAGES.unsupported('its second argument is no server');
    return false;
  }
  // A custom strategy without `addHandler` works as long as there is no handler for it.
  return typeof server.addHandler === 'function';
}

/** The strategy of `@rekog/mcp-nest`: its messages are in a trace long before a handler is called. */
function isMcp({ transportId }: Server): boolean {
  const key = typeof transportId === 'symbol' ? Symbol.keyFor(transportId) : undefined;
  return key?.startsWith('@rekog/mcp-nest:') === true;
}

function transportOf({ transportId, constructor }: Server): string {
  if (typeof transportId === 'string') return transportId;
  return TRANSPORTS[transportId as number] ?? constructor.name;
}

/** The contexts of messages whose senders wait for no response. */
const eventContexts = new WeakSet();
const noted = new WeakSet<Server>();

/** Lets a server note which messages are events: their handlers are called as those of requests are. */
function noteEvents(server: Server): void {
  if (noted.has(server) || typeof server.handleEvent !== 'function') return;
  noted.add(server);
  EVENTS.methodOfInstance(
    server as Required<Server>,
    'handleEvent',
    (handleEvent) =>
      function (this: Server, pattern, packet, context, ...rest) {
        if (typeof context === 'object' && context !== null) eventContexts.add(context);
        return handleEvent.call(this, pattern, packet, context, ...rest);
      },
  );
}

/**
 * Whether the sender of a message waits for a response. A custom server may call the handlers of
 * events itself.
 */
function isCall(server: Server, isForEvents: boolean, context: unknown): boolean {
  if (typeof context === 'object' && context !== null && eventContexts.has(context)) return false;
  const isNoted = typeof server.transportId === 'number' && noted.has(server);
  return isNoted || !isForEvents;
}

/** What a handler is registered with. */
interface Registered {
  readonly pattern: unknown;
  /** As in `PaymentController.pay`. */
  readonly name: string;
  readonly isForEvents: boolean;
}

function tracedHandler(
  application: TracedApplication,
  server: Server,
  { pattern, name, isForEvents }: Registered,
  handler: Handler,
): Handler {
  const transport = transportOf(server);
  const rpc = transport === 'grpc' ? grpcPattern(pattern) : undefined;
  if (rpc !== undefined) return grpcHandler(application, rpc, name, handler);

  const message = { kind: 'message', transport, handler: name } as const satisfies UnitOfWork;
  const text = patternText(server, pattern);
  return replaceHandler(handler, (data, context, ...rest) => {
    const { read, attempt } = deliveryOf(transport, context, ownValue(server, 'queue'));
    const work: UnitOfWork = {
      ...message,
      isCall: isCall(server, isForEvents, context),
      read,
      fields: { pattern: text, attempt },
    };
    return application.runUnitOfWork(work, () => handler(data, context, ...rest));
  });
}

/** The pattern as it was registered, wildcards and all: a topic would be of unbounded cardinality. */
function patternText(server: Server, pattern: unknown): string {
  return pattern instanceof RegExp
    ? String(pattern)
    : String(server.normalizePattern?.(pattern) ?? JSON.stringify(pattern));
}
