import type { IncomingMessage } from 'node:http';
import type { UnitOfWorkFields } from '../records/access-log-record.js';
import { pathOf } from '../records/url-path.js';
import { responseOf } from './request-context.js';
import { provideRequestId } from './request-id-property.js';
import { keepHeader } from './response-ids.js';
import type { LiveMetadata } from '../trace/trace.js';
import {
  functionTemplate,
  hasRoute,
  mountTemplate,
  type ExpressApplication,
} from './mount-template.js';
import { isOfTrpc, trpcRoute } from './trpc-route.js';
import { requestedUrl } from '../records/requested-url.js';

/** Where a request has the route that matched it, on Express and on Fastify. */
interface RoutedRequest {
  /** Fastify: Node's own request, and the id that Fastify gave it. */
  raw?: object;
  id?: unknown;
  /** Express: the route that matched last. */
  route?: ExpressRoute;
  /** Express: text of the URL, which the mounts around the route have matched. */
  baseUrl?: string;
  /** Express: the innermost application that has handled the request. */
  app?: ExpressApplication;
  /** Fastify: of the route, before any hook. */
  routeOptions?: { url?: string; handler?: unknown };
}

interface ExpressRoute {
  path?: unknown;
  stack?: { handle?: unknown }[];
}

interface MatchedRoute {
  readonly route: string | undefined;
  readonly handler: string | undefined;
}

// What NestJS 12 names the functions that it gives to the router; see handler-names.ts for 11.
// Fastify binds them, which shows in the name.
const HANDLER_NAME = /^(?:bound )?([^\s.]+\.[^\s.]+)$/;
/** By the function that a router calls; empty for one that is not NestJS's. */
const handlerNames = new WeakMap<object, string>();
/** Routes that NestJS has registered on Express. */
const ofNest = new WeakMap<ExpressRoute, MatchedRoute>();
const NO_ROUTE: MatchedRoute = { route: undefined, handler: undefined };

/** What is known of an HTTP request. Route and handler are looked up when they are read. */
export class HttpMetadata implements LiveMetadata {
  readonly transport = 'http';
  readonly startedAt = Date.now();
  readonly method: string;
  readonly path: string;
  readonly scheme: 'http' | 'https';
  readonly host: string | undefined;
  /** The fields of a GraphQL operation, or of a message of MCP. */
  work: UnitOfWorkFields | undefined = undefined;

  // A private name: printing or serializing the metadata must not include the whole request.
  #request: RoutedRequest | undefined;
  private settled: MatchedRoute = NO_ROUTE;
  private isEnriched = false;
  private handlerName: string | undefined = undefined;

  /**
   * @param raw Node's own request.
   * @param routed the same, or the platform's own object for it.
   */
  constructor(raw: IncomingMessage, routed: object) {
    this.method = raw.method ?? '';
    this.path = pathOf(requestedUrl(raw));
    this.scheme = isEncrypted(raw) ? 'https' : 'http';
    // HTTP/2 has the pseudo-header instead.
    this.host = raw.headers.host ?? authorityOf(raw);
    this.#request = routed;
  }

  get raw(): IncomingMessage | undefined {
    return (this.#request?.raw ?? this.#request) as IncomingMessage | undefined;
  }

  get route(): string | undefined {
    return this.matched.route;
  }

  get handler(): string | undefined {
    return this.handlerName ?? this.matched.handler;
  }

  /** Sets the name from the execution context, which has the class even for an inherited method. */
  nameHandler(name: string): void {
    this.handlerName = name;
  }

  nameRequest(id: string): void {
    const routed = this.#request;
    // Fastify has an object of its own for a request, with an id that it has counted.
    if (routed !== undefined && routed.raw !== undefined) routed.id = id;
    if (routed !== undefined) provideRequestId((routed.raw ?? routed) as IncomingMessage, id);
  }

  noteAnswer(names: readonly string[], valueOf: (name: string) => string | undefined): void {
    const request = this.#request;
    const response = request && responseOf(request.raw ?? request);
    if (response === undefined) return;
    for (const name of names) {
      const value = valueOf(name.toLowerCase());
      if (value !== undefined) keepHeader(response, name, value);
    }
  }

  requestToEnrich(): object | undefined {
    if (this.isEnriched) return undefined;
    this.isEnriched = true;
    return this.#request;
  }

  forgetRoute(): void {
    this.#request = undefined;
    this.settled = NO_ROUTE;
  }

  /** Keeps the route and drops the request, which an async context may outlive. */
  settle(status: number): void {
    if (this.#request === undefined) return;
    const matched = this.matched;
    // A route that is not NestJS's may have been a middleware that called `next`.
    this.settled = matched.handler === undefined && status === 404 ? NO_ROUTE : matched;
    if (matched.handler === undefined) this.settleProcedure(this.#request, matched, status);
    this.#request = undefined;
  }

  /** The route of tRPC, which is mounted as one function or one route for all of its procedures. */
  private settleProcedure(request: RoutedRequest, { route }: MatchedRoute, status: number): void {
    const raw = (request.raw ?? request) as IncomingMessage;
    const response = responseOf(raw);
    if (response === undefined || !isOfTrpc(response)) return;
    const { app, baseUrl = '', routeOptions } = request;
    const mount = routeOptions?.url ?? (app && (route ?? functionTemplate(app, baseUrl)));
    if (mount === undefined) return;
    this.settled = { route: trpcRoute(mount, raw, response, status), handler: undefined };
  }

  private get matched(): MatchedRoute {
    return this.#request === undefined ? this.settled : matchedRoute(this.#request);
  }
}

function isEncrypted({ socket }: IncomingMessage): boolean {
  return (socket as { encrypted?: unknown } | null | undefined)?.encrypted === true;
}

function authorityOf({ headers }: IncomingMessage): string | undefined {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? authority : undefined;
}

function matchedRoute({ route, baseUrl = '', app, routeOptions }: RoutedRequest): MatchedRoute {
  if (route !== undefined && typeof route.path === 'string') {
    const known = baseUrl === '' ? ofNest.get(route) : undefined;
    if (known !== undefined) return known;
    const handler = handlerOf(route.stack?.[0]?.handle);
    // NestJS registers all of its routes with their whole paths.
    if (baseUrl === '' && handler !== undefined) {
      const matched = { route: route.path, handler };
      ofNest.set(route, matched);
      return matched;
    }
    return describe(expressTemplate(route, route.path, baseUrl, app), handler);
  }
  return routeOptions?.url === undefined
    ? NO_ROUTE
    : describe(routeOptions.url, handlerOf(routeOptions.handler));
}

function expressTemplate(
  route: ExpressRoute,
  path: string,
  baseUrl: string,
  app: ExpressApplication | undefined,
): string | undefined {
  const mount = app && mountTemplate(app, route, baseUrl);
  if (mount === undefined) {
    // A mounted router that passes a request on leaves its route behind. A router that is called by
    // a function is in no application.
    const isKnown = baseUrl === '' && (app === undefined || !hasRoute(app, route));
    return isKnown ? path : undefined;
  }
  return mount !== '' && path === '/' ? mount : mount + path;
}

function handlerOf(handle: unknown): string | undefined {
  if (typeof handle !== 'function') return undefined;
  let name = handlerNames.get(handle);
  if (name === undefined) {
    name = HANDLER_NAME.exec(handle.name)?.[1] ?? '';
    handlerNames.set(handle, name);
  }
  return name === '' ? undefined : name;
}

function describe(route: string | undefined, handler: string | undefined): MatchedRoute {
  // Wildcards that are not NestJS's are middleware: CORS, static files, `forRoutes('*path')`.
  if (handler === undefined && (route === undefined || route.includes('*'))) return NO_ROUTE;
  return { route, handler };
}
