import type { INestApplication } from '@nestjs/common';
import { IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { EVENTS, type Call, type EventKind } from './serverless-events.js';

/** What a caller gets back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Sends a request through an adapter. */
type Invoke = (call: Call, kind: EventKind) => Promise<Answer>;

type Handle = (request: object, response: object) => unknown;
type LambdaHandler = (event: object, context: object) => Promise<LambdaResponse>;

interface LambdaResponse {
  readonly statusCode: number;
  readonly headers?: Record<string, unknown>;
  readonly multiValueHeaders?: Record<string, unknown[]>;
}

const require = createRequire(import.meta.url);
const load = <T>(name: string): T => require(name) as T;
const urlOf = ({ path, query }: Call): string => (query === undefined ? path : `${path}?${query}`);
const headersOf = ({ id, body }: Call): Record<string, string> => ({
  host: 'shop.example',
  'x-request-id': id,
  ...(body === undefined
    ? {}
    : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
});

/** The function that handles requests, of either platform. */
function handleOf(app: INestApplication): Handle {
  const instance: unknown = app.getHttpAdapter().getInstance();
  return typeof instance === 'function'
    ? (instance as Handle)
    : (instance as { routing: Handle }).routing;
}

function lambda(handler: LambdaHandler): Invoke {
  return async (call, kind) => {
    const { statusCode, headers, multiValueHeaders } = await handler(EVENTS[kind](call), {});
    const first = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [
      name,
      values[0],
    ]);
    return { status: statusCode, headers: { ...Object.fromEntries(first), ...headers } };
  };
}

function serverlessExpress(name: string, app: INestApplication): Invoke {
  const configure = load<(options: object) => LambdaHandler>(name);
  return lambda(configure({ app: { handle: handleOf(app) } }));
}

function serverlessHttp(name: string, app: unknown): Invoke {
  const wrap = load<(app: unknown) => LambdaHandler>(name);
  return lambda(wrap(app));
}

function requestOf(call: Call, socket: unknown): IncomingMessage {
  const request = new IncomingMessage(socket as Socket);
  const { method } = call;
  // Or Node takes it for a request that was cut, and destroys its socket.
  const complete = true;
  Object.assign(request, { method, url: urlOf(call), headers: headersOf(call), complete });
  if (call.body !== undefined) request.push(call.body);
  request.push(null);
  return request;
}

/** The response of an adapter for Azure Functions: it has an `end` of its own, and emits nothing. */
class FunctionResponse extends OutgoingMessage {
  statusCode = 200;
  statusMessage = '';

  constructor(private readonly done: (answer: Answer) => void) {
    super();
  }

  writeHead(statusCode: number, headers: Record<string, string> = {}): this {
    this.statusCode = statusCode;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    return this;
  }

  override write(): boolean {
    return true;
  }

  override end(): this {
    this.done({ status: this.statusCode, headers: this.getHeaders() });
    return this;
  }
}

/** One whose methods are its own, as others replace its prototype. */
function functionResponse(done: (answer: Answer) => void): FunctionResponse {
  const response = new FunctionResponse(done);
  const { writeHead, write, end } = response;
  return Object.assign(response, { writeHead, write, end });
}

export type Platform = 'express' | 'fastify';

/** A way to send a request to an application that does not listen. */
export interface Adapter {
  /** The first part of the ids of its requests. */
  readonly key: string;
  readonly connect: (app: INestApplication) => Invoke;
}

const BOTH: Readonly<Record<string, Adapter>> = {
  '@codegenie/serverless-express': {
    key: 'codegenie',
    connect: (app) => serverlessExpress('@codegenie/serverless-express', app),
  },
  '@vendia/serverless-express': {
    key: 'vendia',
    connect: (app) => serverlessExpress('@vendia/serverless-express', app),
  },
  'serverless-http 4': {
    key: 'http-4',
    connect: (app) => serverlessHttp('serverless-http', handleOf(app)),
  },
  'serverless-http 3': {
    key: 'http-3',
    connect: (app) => serverlessHttp('serverless-http-3', handleOf(app)),
  },
  'serverless-http 4 with a server': {
    key: 'http-4-server',
    connect: (app) => serverlessHttp('serverless-http', app.getHttpServer()),
  },
  'a socket that closes nothing': { key: 'socket', connect: onStillSocket },
  'an `end` of its own': {
    key: 'own-end',
    connect: (app) => (call) =>
      new Promise((resolve) => {
        handleOf(app)(requestOf(call, new Socket()), functionResponse(resolve));
      }),
  },
};

const EXPRESS: Readonly<Record<string, Adapter>> = {
  // Fastify asks for more than these mocks have.
  'node-mocks-http with events': {
    key: 'mocks-events',
    connect: (app) => mocks(app, EventEmitter),
  },
  'node-mocks-http without events': { key: 'mocks', connect: (app) => mocks(app, undefined) },
};

const FASTIFY: Readonly<Record<string, Adapter>> = {
  '@fastify/aws-lambda': {
    key: 'aws-lambda',
    connect: (app) => {
      const wrap = load<(app: unknown) => LambdaHandler>('@fastify/aws-lambda');
      return lambda(wrap(app.getHttpAdapter().getInstance()));
    },
  },
};

/** The adapters that work with a platform, by name. */
export function adaptersOf(platform: Platform): Readonly<Record<string, Adapter>> {
  // At the end, as it changes the prototype of the responses of all Express applications for good.
  const inject = { key: 'inject', connect: injected };
  return { ...BOTH, ...(platform === 'express' ? EXPRESS : FASTIFY), inject };
}

function injected(app: INestApplication): Invoke {
  const inject =
    load<(handle: Handle, options: object) => Promise<{ statusCode: number; headers: object }>>(
      'light-my-request',
    );
  return async (call) => {
    const { statusCode, headers } = await inject(handleOf(app), {
      method: call.method,
      url: urlOf(call),
      headers: headersOf(call),
      payload: call.body,
    });
    return { status: statusCode, headers: { ...headers } };
  };
}

function onStillSocket(app: INestApplication): Invoke {
  return async (call) => {
    const socket = new Writable({ write: (_chunk, _encoding, done) => done(), autoDestroy: false });
    // The parser of bodies asks for it.
    const request = requestOf(call, Object.assign(socket, { readable: true }));
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    const ended = new Promise((resolve) => response.once('finish', resolve));
    handleOf(app)(request, response);
    await ended;
    return { status: response.statusCode, headers: response.getHeaders() };
  };
}

function mocks(app: INestApplication, eventEmitter: typeof EventEmitter | undefined): Invoke {
  const { createResponse } = load<{
    createResponse(options: object): {
      statusCode: number;
      getHeaders(): object;
      end(...args: unknown[]): unknown;
    };
  }>('node-mocks-http');
  return (call) =>
    new Promise((resolve) => {
      const request = requestOf(call, new Socket());
      const response = createResponse({ req: request, eventEmitter });
      const { end } = response;
      response.end = function (...args) {
        const result = end.apply(this, args);
        resolve({ status: response.statusCode, headers: { ...response.getHeaders() } });
        return result;
      };
      handleOf(app)(request, response);
    });
}
